import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createLogger } from '#platform';
import { freshDatabase } from '#test/support/postgres.ts';
import { migrateVault } from '#vault';
import { createKeyFileCustodian } from '#vault/custodian';
import { openKeyTree } from '../../../services/vault/key-tree/key-tree.ts';
import { tableDecisions } from '../turner/decisions.ts';

const TURNER = fileURLToPath(new URL('../turner/main.ts', import.meta.url));
const logger = createLogger({ level: 'silent', name: 'test' });

it.each([
  ['vault.turn.began', 'alive'],
  ['vault.turn.root', 'alive'],
  ['vault.turn.written', 'alive'],
  ['vault.turn.tree', 'destroyed'],
  ['vault.turn.destroyed', 'destroyed'],
] as const)(
  'a process killed at %s leaves all doomed keys %s, and the next turn ends both roots',
  async (step, left) => {
    await using db = await freshDatabase();
    const parent = await mkdtemp(join(tmpdir(), 'tollbook-kill-'));
    const folder = join(parent, 'root');
    try {
      await migrateVault(db.pool);
      const custodian = await createKeyFileCustodian({ folder });
      const decisions = await tableDecisions(db.pool);
      const open = () => openKeyTree({ pool: db.pool, custodian, decisions, logger });
      const before = await open();
      const made = await before.transaction('slots/test/1', 150, ({ insert }) =>
        insert('slot', 150),
      );
      const ids = Array.from({ length: 150 }, (_, i) => made.ids.subarray(i * 16, i * 16 + 16));
      const doomed = ids.filter((_, i) => i % 9 === 0);
      await before[Symbol.asyncDispose]();

      const arguments_ = [TURNER, db.url, folder, step, ...doomed.map((id) => id.toString('hex'))];
      const turner = spawn(process.execPath, arguments_, { stdio: 'inherit' });
      const [, signal] = await once(turner, 'exit');
      expect(signal).toBe('SIGKILL');

      const tree = await open();
      const states = (await tree.read(doomed)).map((entry) => entry?.state);
      expect(new Set(states)).toEqual(new Set([left]));
      const others = await tree.read(ids.filter((id) => !doomed.includes(id)));
      expect(new Set(others.map((entry) => entry?.state))).toEqual(new Set(['alive']));
      const { generation } = await tree.turn(doomed);
      expect(await custodian.generations()).toEqual([generation]);
      expect(await decisions.state()).toEqual({ done: generation });
      expect((await tree.read(doomed)).every((entry) => entry?.state === 'destroyed')).toBe(true);
      await tree[Symbol.asyncDispose]();
    } finally {
      await rm(parent, { recursive: true, force: true });
    }
  },
);
