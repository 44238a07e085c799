import type { Pool } from '#platform';
import type { KeyTree } from '../key-tree/key-tree.ts';
import { VaultError } from '../port.ts';
import { ask } from '../statements.ts';
import { makeSlots } from './first-sightings.ts';
import type { MarkKeys } from './marks.ts';
import type { DirectoryKeys, DirectoryValue } from './row.ts';
import { OPEN_END, openRow, rowTag } from './row.ts';

/** An identifier to resolve, with the time of the latest event that names it (µs). */
export interface Sighting {
  readonly identifierKey: string;
  readonly latest: number;
}

/** A sighting with the tag of its identifier, as bytes and as a string to key maps with. */
export interface TaggedSighting extends Sighting {
  readonly tag: Buffer;
  readonly tagText: string;
}

/** What an identifier stands for in one month and domain. */
export type Resolved =
  | { readonly state: 'slot'; readonly slot: Buffer; readonly key: Buffer; readonly from: number }
  /** Nothing that occurred before `erasedAt` may be sealed, and nothing later is known yet. */
  | { readonly state: 'erased'; readonly erasedAt: number };

export interface Place {
  readonly keys: DirectoryKeys;
  /** Name of the part its slots stand in. */
  readonly part: string;
  readonly partNumber: number;
  /** Id of the directory's key. */
  readonly entry: string;
}

export interface DirectoryOptions {
  readonly pool: Pool;
  readonly tree: KeyTree;
}

/** First sightings one statement may make. */
const SIGHTINGS_MAX = 2048;

/**
 * Finds the slots of identifiers and makes those that are missing; answers by identifier key. Those
 * with the same bytes (a lone surrogate has none of its own) share a tag, and so a slot. One that
 * another process made and deleted in between is left out: ask again.
 */
export async function resolveSlots(
  { pool, tree }: DirectoryOptions,
  place: Place,
  marks: MarkKeys,
  sightings: readonly Sighting[],
): Promise<Map<string, Resolved>> {
  const tagOf = sightings.map((one) => rowTag(place.keys, one.identifierKey).toString('latin1'));
  const byTag = latestByTag(sightings, tagOf);
  // One order for all processes, so that two first sightings of the same numbers cannot lock up.
  const tags = [...byTag.values()].map(({ tag }) => tag).sort(Buffer.compare);
  const resolved = new Map<string, Resolved>();
  for (let i = 0; i < tags.length; i += SIGHTINGS_MAX) {
    const some = tags.slice(i, i + SIGHTINGS_MAX);
    const known = await selectRows(pool, place, some);
    const missing = some.filter((tag) => !known.has(tag.toString('latin1')));
    if (missing.length > 0) {
      const made = await makeSlots(
        { pool, tree, place, marks },
        missing.flatMap((tag) => byTag.get(tag.toString('latin1')) ?? []),
      );
      for (const [tag, value] of made.resolved) resolved.set(tag, value);
      // Another process was first: its rows count.
      if (made.lost.length > 0) {
        for (const [tag, sealed] of await selectRows(pool, place, made.lost))
          known.set(tag, sealed);
      }
    }
    await readSlots(tree, place, known, resolved);
  }
  const answers = new Map<string, Resolved>();
  sightings.forEach(({ identifierKey }, i) => {
    const answer = resolved.get(tagOf[i] ?? '');
    if (answer !== undefined) answers.set(identifierKey, answer);
  });
  return answers;
}

function latestByTag(
  sightings: readonly Sighting[],
  tagOf: readonly string[],
): Map<string, TaggedSighting> {
  const byTag = new Map<string, TaggedSighting>();
  sightings.forEach(({ identifierKey, latest }, i) => {
    const tagText = tagOf[i] ?? '';
    if (latest <= (byTag.get(tagText)?.latest ?? -Infinity)) return;
    byTag.set(tagText, { identifierKey, latest, tagText, tag: Buffer.from(tagText, 'latin1') });
  });
  return byTag;
}

async function selectRows(
  db: Pool,
  { keys, partNumber }: Place,
  tags: readonly Buffer[],
): Promise<Map<string, Buffer>> {
  const { rows } = await ask<{ tag: Buffer; sealed: Buffer }>(db, {
    name: `vault-directory-${partNumber}`,
    text: `select tag, sealed from vault.directory_${partNumber}
           where directory = $1 and tag = any($2::bytea[])`,
    values: [keys.number, tags],
  });
  return new Map(rows.map(({ tag, sealed }) => [tag.toString('latin1'), sealed]));
}

/** Slot keys of rows that were there, by tag. */
async function readSlots(
  tree: KeyTree,
  place: Place,
  known: ReadonlyMap<string, Buffer>,
  resolved: Map<string, Resolved>,
): Promise<void> {
  if (known.size === 0) return;
  const values = [...known].map(([tag, sealed]) => ({
    tag,
    ...lastInterval(openRow(place.keys, Buffer.from(tag, 'latin1'), sealed)),
  }));
  const entries = await tree.read(values.map(({ slot }) => slot));
  values.forEach(({ tag, slot, from }, i) => {
    const entry = entries[i];
    if (entry?.state === 'alive') {
      resolved.set(tag, { state: 'slot', slot: Buffer.from(slot), key: entry.key, from });
    } else if (entry?.state === 'destroyed') {
      // The row outlived its slot: the erasure that ended it has not come to the row yet.
      resolved.set(tag, { state: 'erased', erasedAt: OPEN_END });
    } else {
      throw new VaultError(
        'key_lost',
        'a slot of the directory is not in the key tree, and no turn destroyed it: restore the vault from a backup',
      );
    }
  });
}

function lastInterval({ intervals }: DirectoryValue) {
  const last = intervals.at(-1);
  if (last === undefined) throw new RangeError('a directory row names no slot');
  return { slot: last.slot, from: last.from };
}
