import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pool } from '#platform';
import { createPool } from '#platform';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import type { TcpProxy } from '#test/support/tcp-proxy.ts';
import { startTcpProxy } from '#test/support/tcp-proxy.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { vaultPlace } from '#test/support/vault.ts';
import { answers, boxesOf, callRequest, CARE, tel } from './requests.ts';

let db: FreshDatabase;
let place: VaultPlace;
let proxy: TcpProxy;
let pool: Pool;

beforeAll(async () => {
  db = await freshDatabase();
  place = await vaultPlace(db.pool);
  const url = new URL(db.url);
  const port = url.port === '' ? '5432' : url.port;
  proxy = await startTcpProxy({ path: `${url.searchParams.get('host')}/.s.PGSQL.${port}` });
  url.searchParams.delete('host');
  url.host = `127.0.0.1:${proxy.port}`;
  pool = createPool({ url: url.href, max: 4, name: 'outage' });
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await pool.end();
  await proxy[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

describe('while the database of the vault is away', () => {
  it('sealing waits and goes on, and a reader is told "unavailable"', async () => {
    const vault = await place.open({ pool });
    const known = callRequest(tel(1), tel(2));
    const [parts] = await vault.sealer.seal([known]);
    proxy.down();
    let done = false;
    const request = callRequest(tel(3), tel(4));
    const waiting = vault.sealer.seal([request]).then((sealed) => {
      done = true;
      return sealed;
    });
    const boxes = boxesOf(known, parts ?? { groups: [] });
    expect(answers(await vault.reader.open(CARE, boxes))).toEqual(['unavailable', 'unavailable']);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(done).toBe(false);
    proxy.up();
    const [sealed] = await waiting;
    const opened = await vault.reader.open(CARE, boxesOf(request, sealed ?? { groups: [] }));
    expect(answers(opened)).toEqual([tel(3).value, tel(4).value]);
  });

  it.each(['before', 'after'] as const)(
    'a first sighting whose commit was lost %s it reached the server leads to one slot',
    async (when) => {
      const vault = await place.open({ pool });
      const n = when === 'before' ? 100 : 200;
      const request = callRequest(tel(n), tel(n + 1));
      await vault.sealer.seal([callRequest(tel(n + 5), tel(n + 6))]);
      // The insert of directory rows is the last statement before the commit.
      proxy.cutNext(when, 'vault-insert-directory');
      const [first] = await vault.sealer.seal([request]);
      const [second] = await (await place.open()).sealer.seal([request]);
      const refs = [first, second].flatMap((parts) =>
        boxesOf(request, parts ?? { groups: [] })
          .slice(0, 1)
          .map(({ ref }) => ref),
      );
      const pointed = await vault.pointers.open(refs);
      expect(pointed[0]?.boxes.map(({ slots }) => slots)).toEqual(
        pointed[1]?.boxes.map(({ slots }) => slots),
      );
    },
  );
});
