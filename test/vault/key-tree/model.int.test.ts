import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pool } from '#platform';
import { createLogger, createPool } from '#platform';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { vaultPlace } from '#test/support/vault.ts';
import type { KeyTree } from '#vault';
import { openKeyTree } from '../../../services/vault/key-tree/key-tree.ts';
import { attack, liveRoots, recordWrites } from '../attacker.ts';

const logger = createLogger({ level: 'silent', name: 'test' });

class Crash extends Error {}

/** Steps of a turn at which a process may die. */
const STEPS = [
  'vault.turn.began',
  'vault.turn.root',
  'vault.turn.written',
  'vault.turn.tree',
  'vault.turn.destroyed',
];

/** Keys that a run destroys at least, whatever its seed. */
const DOOMED_MIN = 25;

/** Small and reproducible (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** The plain map the tree is compared with: id -> key, both as hex. */
interface Model {
  readonly alive: Map<string, string>;
  readonly destroyed: Map<string, string>;
  /** Keys of inserts that were rolled back: written, never given to anyone. */
  readonly aborted: Set<string>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.each([1, 2, 3, 4])('the key tree beside a plain map (seed %i)', (seed) => {
  let db: FreshDatabase;
  let place: VaultPlace;
  const pools: Pool[] = [];
  const trees: KeyTree[] = [];
  let crashAt: string | undefined;

  const openTree = (pool: Pool) =>
    openKeyTree({
      pool,
      custodian: place.custodian,
      decisions: place.decisions,
      logger,
      failpoint: (name) => {
        if (name !== crashAt) return;
        crashAt = undefined;
        throw new Crash(name);
      },
    });

  beforeAll(async () => {
    db = await freshDatabase();
    place = await vaultPlace(db.pool);
    for (let i = 0; i < 3; i += 1) pools.push(createPool({ url: db.url, max: 4, name: 'model' }));
  });

  afterAll(async () => {
    for (const tree of trees) await tree[Symbol.asyncDispose]();
    for (const pool of pools) await pool.end();
    await place[Symbol.asyncDispose]();
    await db[Symbol.asyncDispose]();
  });

  it('holds what was inserted, never what was destroyed, for an attacker with every file and the live root', async () => {
    const below = random(seed);
    const recorded = recordWrites(...pools);
    const model: Model = { alive: new Map(), destroyed: new Map(), aborted: new Set() };
    for (const pool of pools) trees.push(await openTree(pool));

    async function insert(tree: KeyTree, count: number, abort: boolean): Promise<void> {
      const part = `slots/test/${below(2)}`;
      let keys: Buffer[] = [];
      try {
        const made = await tree.transaction(part, count, async (transaction) => {
          const entries = await transaction.insert('slot', count);
          keys = Array.from({ length: count }, (_, i) =>
            entries.keys.subarray(i * 32, i * 32 + 32),
          );
          // A retry draws other keys; those of this attempt may have reached the disk as well.
          for (const key of keys) model.aborted.add(hex(key));
          if (abort) throw new Crash('insert');
          return entries;
        });
        for (let i = 0; i < count; i += 1) {
          const key = hex(made.keys.subarray(i * 32, i * 32 + 32));
          model.alive.set(hex(made.ids.subarray(i * 16, i * 16 + 16)), key);
          model.aborted.delete(key);
        }
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
    }

    async function turn(which: number, doomed: string[], crash: string | undefined): Promise<void> {
      crashAt = crash;
      try {
        await trees[which]!.turn(doomed.map((id) => Buffer.from(id, 'hex')));
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        await trees[which]![Symbol.asyncDispose]();
        trees[which] = await openTree(pools[which]!);
      }
      // All or nothing, and nothing only where the tree had not moved.
      const entries = await trees[which]!.read(doomed.map((id) => Buffer.from(id, 'hex')));
      const states = new Set(entries.map((entry) => entry?.state));
      expect(states.size).toBeLessThanOrEqual(1);
      const early =
        crash !== undefined && STEPS.indexOf(crash) <= STEPS.indexOf('vault.turn.written');
      if (doomed.length > 0) expect([...states]).toEqual([early ? 'alive' : 'destroyed']);
      if (early) return;
      for (const id of doomed) {
        model.destroyed.set(id, model.alive.get(id) ?? '');
        model.alive.delete(id);
      }
    }

    async function compare(tree: KeyTree): Promise<void> {
      const ids = [...model.alive.keys(), ...model.destroyed.keys()];
      const entries = await tree.read(ids.map((id) => Buffer.from(id, 'hex')));
      const seen = entries.map((entry) =>
        entry?.state === 'alive' ? hex(entry.key) : entry?.state,
      );
      expect(seen).toEqual(ids.map((id) => model.alive.get(id) ?? 'destroyed'));
    }

    for (let round = 0; round < 12; round += 1) {
      const living = [...model.alive.keys()];
      const doomed = Array.from(
        { length: Math.min(living.length, below(20)) },
        () => living.splice(below(living.length), 1)[0]!,
      );
      const crash = below(2) === 0 ? STEPS[below(STEPS.length)] : undefined;
      const turner = below(3);
      await Promise.all([
        ...trees
          .filter((_, i) => i !== turner)
          .flatMap((tree) => [
            insert(tree, 1 + below(150), below(6) === 0),
            insert(tree, 1 + below(9), false),
          ]),
        ...(round > 1 ? [turn(turner, doomed, crash)] : []),
      ]);
      await compare(trees[below(3)]!);
    }
    // A last turn ends what the last crash may have left open, and enough for the checks below.
    await insert(trees[1]!, 2 * DOOMED_MIN, false);
    await turn(0, [...model.alive.keys()].slice(-DOOMED_MIN), undefined);
    expect(place.decisions.current).toEqual({
      done: trees[1]!.generation === 0 ? 0 : expect.any(Number),
    });

    const roots = await liveRoots(place.folder);
    expect(roots).toHaveLength(1);
    const stolen = attack(roots, recorded);
    const alive = new Set(model.alive.values());
    const missed = [...alive].filter((key) => !stolen.has(key));
    expect(missed, 'the attacker must be able to see what is alive').toEqual([]);
    const risen = [...model.destroyed.values()].filter((key) => stolen.has(key));
    expect(risen, 'destroyed keys that came back').toEqual([]);
    const strange = [...stolen].filter(
      (key) => !alive.has(key) && !model.aborted.has(key) && !/^0+$/.test(key),
    );
    expect(strange).toEqual([]);
    expect(model.destroyed.size).toBeGreaterThanOrEqual(DOOMED_MIN);
  });
});
