import type { Client, Pool } from '#platform';
import { ENTRY_ID_BYTES } from '../key-tree/entry-id.ts';
import type { KeyTree } from '../key-tree/key-tree.ts';
import { KEY_BYTES } from '../boxes/aead.ts';
import { VaultError } from '../port.ts';
import { lockMarks, readMarks } from './marks.ts';
import type { Mark, MarkKeys } from './marks.ts';
import type { DirectoryKeys, DirectoryValue } from './row.ts';
import { OPEN_END, openRow, rowTag, sealRow } from './row.ts';
import { ask } from '../statements.ts';

/** An identifier to resolve, with the time of the latest event that names it (µs). */
export interface Sighting {
  readonly identifierKey: string;
  readonly latest: number;
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

/** First sightings one transaction may make. */
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
  const tags = [...byTag.keys()].map((tag) => Buffer.from(tag, 'latin1')).sort(Buffer.compare);
  const resolved = new Map<string, Resolved>();
  for (let i = 0; i < tags.length; i += SIGHTINGS_MAX) {
    const some = tags.slice(i, i + SIGHTINGS_MAX);
    const known = await selectRows(pool, place, some);
    const missing = some.filter((tag) => !known.has(tag.toString('latin1')));
    if (missing.length > 0) {
      const made = await makeSlots({ tree, place, marks, byTag }, missing);
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
): Map<string, Sighting> {
  const byTag = new Map<string, Sighting>();
  sightings.forEach((one, i) => {
    const tag = tagOf[i] ?? '';
    if (one.latest > (byTag.get(tag)?.latest ?? -Infinity)) byTag.set(tag, one);
  });
  return byTag;
}

async function selectRows(
  db: Pool | Client,
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

interface Making {
  readonly tree: KeyTree;
  readonly place: Place;
  readonly marks: MarkKeys;
  readonly byTag: ReadonlyMap<string, Sighting>;
}

/** Slot and directory row of each first sighting by tag, durable when it resolves. */
async function makeSlots(
  { tree, place, marks, byTag }: Making,
  tags: readonly Buffer[],
): Promise<{ resolved: Map<string, Resolved>; lost: Buffer[] }> {
  return tree.transaction(place.part, tags.length, async ({ client, insert }) => {
    const resolved = new Map<string, Resolved>();
    const sightings = tags.flatMap((tag) => {
      const sighting = byTag.get(tag.toString('latin1'));
      return sighting === undefined ? [] : [{ ...sighting, tag, tagText: tag.toString('latin1') }];
    });
    await lockMarks(client, 'shared');
    const marked = await readMarks(
      client,
      marks,
      sightings.map((one) => one.identifierKey),
    );
    const wanted = sightings.filter(({ identifierKey, tagText, latest }) => {
      const erasedAt = marked.get(identifierKey)?.erasedAt;
      if (erasedAt === undefined || latest >= erasedAt) return true;
      resolved.set(tagText, { state: 'erased', erasedAt });
      return false;
    });
    const { ids, keys } = await insert('slot', wanted.length);
    const rows = wanted.map(({ identifierKey, tag, tagText }, i) => {
      const slot = Buffer.from(ids.subarray(i * ENTRY_ID_BYTES, (i + 1) * ENTRY_ID_BYTES));
      const key = Buffer.from(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES));
      const from = startOf(marked.get(identifierKey));
      const value = { identifierKey, intervals: [{ from, to: OPEN_END, slot }] };
      return { tag, tagText, slot, key, from, sealed: sealRow(place.keys, tag, value) };
    });
    keys.fill(0);
    const inserted = await insertRows(client, place, rows);
    const lost: Buffer[] = [];
    for (const { tag, tagText, slot, key, from } of rows) {
      if (inserted.has(tagText)) resolved.set(tagText, { state: 'slot', slot, key, from });
      else lost.push(tag);
    }
    return { resolved, lost };
  });
}

/** A number that was erased begins a new subject at that time. */
const startOf = (mark: Mark | undefined): number => mark?.erasedAt ?? 0;

async function insertRows(
  client: Client,
  { keys, partNumber }: Place,
  rows: readonly { readonly tag: Buffer; readonly sealed: Buffer }[],
): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const inserted = await ask<{ tag: Buffer }>(client, {
    name: `vault-insert-directory-${partNumber}`,
    text: `insert into vault.directory_${partNumber} (directory, tag, sealed)
           select $1, tag, sealed from unnest($2::bytea[], $3::bytea[]) as row (tag, sealed)
           on conflict (directory, tag) do nothing returning tag`,
    values: [keys.number, rows.map((row) => row.tag), rows.map((row) => row.sealed)],
  });
  return new Set(inserted.rows.map(({ tag }) => tag.toString('latin1')));
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
