import type { Pool } from '#platform';
import { ENTRY_ID_BYTES, partOf } from '../key-tree/entry-id.ts';
import type { KeyTree } from '../key-tree/key-tree.ts';
import type { NamedKey } from '../key-tree/names.ts';
import type { Recorder } from '../access.ts';
import type { Freshness } from '../freshness.ts';
import type { Reader } from '../port.ts';
import { directoryName } from '../scope-names.ts';
import { asUnavailable } from '../waiting.ts';
import { directoryKeys, openRow, rowTag } from './row.ts';
import { ask } from '../statements.ts';

export interface LookupOptions {
  readonly pool: Pool;
  readonly tree: Pick<KeyTree, 'find'>;
  readonly freshness: Freshness;
  readonly record: Recorder;
}

/**
 * Looks an identifier up in the directories of some months. For each directory it reads and opens the first
 * row at or after the identifier's tag (or the very first), so that a known identifier and an unknown one run the
 * same statements over the same number of rows and open as much.
 */
export function createLookup({ pool, tree, freshness, record }: LookupOptions): Reader['lookup'] {
  return async (access, identifier, domains, months) => {
    const places = domains.flatMap((domain) => months.map((month) => ({ domain, month })));
    let slots: (Uint8Array | undefined)[];
    try {
      await freshness.check();
      const found = await tree.find(
        places.map(({ domain, month }) => directoryName(domain, month)),
      );
      slots = [];
      for (const directory of found) slots.push(await slotIn(pool, directory, identifier.key));
    } catch (error) {
      throw asUnavailable(error);
    }
    const nobody = new Uint8Array(ENTRY_ID_BYTES);
    await record(
      access,
      slots.map((slot) => ({ id: nobody, slots: [slot ?? nobody] })),
    );
    return places.map(({ domain, month }, i) => ({ domain, month, slot: slots[i] }));
  };
}

async function slotIn(
  pool: Pool,
  directory: NamedKey | undefined,
  identifierKey: string,
): Promise<Uint8Array | undefined> {
  if (directory?.state !== 'alive') return undefined;
  const keys = directoryKeys(directory.number, directory.key);
  directory.key.fill(0);
  const tag = rowTag(keys, identifierKey);
  const part = partOf(directory.entry);
  const { rows } = await ask<{ tag: Buffer; sealed: Buffer }>(pool, {
    name: `vault-lookup-${part}`,
    text: `select tag, sealed from (
             (select 1 as choice, tag, sealed from vault.directory_${part}
              where directory = $1 and tag >= $2 order by tag limit 1)
             union all
             (select 2, tag, sealed from vault.directory_${part}
              where directory = $1 order by tag limit 1)
           ) as row order by choice limit 1`,
    values: [keys.number, tag],
  });
  const row = rows[0];
  const value = row === undefined ? undefined : openRow(keys, row.tag, row.sealed);
  for (const key of [keys.tag, keys.value]) key.fill(0);
  // The tag alone decides, here as where slots are made: it is authenticated with the row.
  return row?.tag.equals(tag) === true ? value?.intervals.at(-1)?.slot : undefined;
}
