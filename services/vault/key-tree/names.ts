import type { Client, Pool } from '#platform';
import { VaultError } from '../port.ts';
import { ENTRY_ID_BYTES } from './entry-id.ts';
import type { Inserts } from './inserts.ts';
import type { Kind } from './kinds.ts';
import type { Entry } from './pages.ts';
import { ask } from '../statements.ts';

/** A key that is found by name: which part it goes into when it has to be made. */
export interface Named {
  readonly name: string;
  readonly kind: Kind;
  readonly part: string;
}

/** `ended`: destroyed by a turn, never made again. `lost`: on record, not in the tree, not destroyed. */
export type NamedKey =
  | {
      readonly state: 'alive';
      readonly number: number;
      readonly entry: Buffer;
      readonly key: Buffer;
    }
  | { readonly state: 'ended' | 'lost' };

export type EnsuredKey = Extract<NamedKey, { state: 'alive' }> | { readonly state: 'ended' };

interface NameRow {
  readonly name: string;
  readonly number: number;
  readonly entry: Buffer;
  readonly ended_at: number | null;
}

export interface NamesOptions {
  readonly pool: Pool;
  readonly inserts: Pick<Inserts, 'transaction'>;
  readonly read: (ids: readonly Uint8Array[]) => Promise<(Entry | undefined)[]>;
}

export interface Names {
  /** The keys of these names, in order; undefined where there is none. */
  find(names: readonly string[]): Promise<(NamedKey | undefined)[]>;
  /**
   * As `find`, and makes those that are missing; a name whose key was destroyed stays `ended`.
   *
   * @throws VaultError `key_lost`
   */
  ensure(wanted: readonly Named[]): Promise<EnsuredKey[]>;
}

const NAMES_PER_INSERT = 1000;

export function createNames({ pool, inserts, read }: NamesOptions): Names {
  async function find(names: readonly string[]): Promise<(NamedKey | undefined)[]> {
    const rows = new Map((await selectNames(pool, names)).map((row) => [row.name, row]));
    const alive = [...rows.values()].filter((row) => row.ended_at === null);
    const entries = await read(alive.map((row) => row.entry));
    const keys = new Map(alive.map((row, i) => [row.name, keyOf(row, entries[i])]));
    return names.map((name) =>
      rows.has(name) ? (keys.get(name) ?? { state: 'ended' }) : undefined,
    );
  }

  async function make(part: string, wanted: readonly Named[]): Promise<void> {
    // One order for all processes: two that make the same names wait for each other, not both.
    const sorted = wanted.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    await inserts.transaction(part, sorted.length, async ({ client, insert }) => {
      for (const [kind, same] of Map.groupBy(sorted, (one) => one.kind)) {
        const { ids, keys } = await insert(kind, same.length);
        keys.fill(0);
        await insertNames(client, same, ids);
      }
    });
  }

  return {
    find,
    async ensure(wanted) {
      const names = wanted.map((one) => one.name);
      const first = await find(names);
      const missing = new Map(
        wanted.filter((_, i) => first[i] === undefined).map((one) => [one.name, one]),
      );
      for (const [part, ofPart] of Map.groupBy(missing.values(), (one) => one.part)) {
        for (let i = 0; i < ofPart.length; i += NAMES_PER_INSERT) {
          await make(part, ofPart.slice(i, i + NAMES_PER_INSERT));
        }
      }
      const found = missing.size === 0 ? first : await find(names);
      return found.map((key, i) => {
        if (key?.state === 'alive') return key;
        return key?.state === 'ended' ? { state: 'ended' } : lost(names[i] ?? '');
      });
    },
  };
}

function keyOf(row: NameRow, entry: Entry | undefined): NamedKey {
  if (entry === undefined) return { state: 'lost' };
  if (entry.state === 'destroyed') return { state: 'ended' };
  return { state: 'alive', number: row.number, entry: row.entry, key: entry.key };
}

function lost(name: string): never {
  const kind = name.slice(0, Math.max(0, name.indexOf('/')));
  throw new VaultError(
    'key_lost',
    `a key of kind "${kind || name}" is on record and not in the key tree, and no turn destroyed it: restore the vault from a backup`,
  );
}

async function selectNames(pool: Pool, names: readonly string[]): Promise<NameRow[]> {
  const { rows } = await ask<NameRow>(pool, {
    name: 'vault-names',
    text: 'select name, number, entry, ended_at from vault.name where name = any($1)',
    values: [names],
  });
  return rows;
}

async function insertNames(client: Client, named: readonly Named[], ids: Buffer): Promise<void> {
  await ask(client, {
    name: 'vault-insert-names',
    text: `insert into vault.name (name, entry)
           select * from unnest($1::text[], $2::bytea[]) on conflict (name) do nothing`,
    values: [
      named.map((one) => one.name),
      named.map((_, i) => ids.subarray(i * ENTRY_ID_BYTES, (i + 1) * ENTRY_ID_BYTES)),
    ],
  });
}
