import type { Pool } from '#platform';
import { KEY_BYTES } from '../boxes/aead.ts';
import { ENTRY_ID_BYTES } from '../key-tree/entry-id.ts';
import type { EntryBatch } from '../key-tree/inserts.ts';
import type { KeyTree } from '../key-tree/key-tree.ts';
import { ENTRY_VALUES, entryCtes, entryValues } from '../key-tree/leaf-rows.ts';
import type { EntryRows } from '../key-tree/leaf-rows.ts';
import { StaleNode } from '../key-tree/nodes.ts';
import { VaultError } from '../port.ts';
import { ask } from '../statements.ts';
import type { Place, Resolved, TaggedSighting } from './directory.ts';
import type { Mark, MarkKeys } from './marks.ts';
import { markTag, openMark } from './marks.ts';
import { OPEN_END, sealRow } from './row.ts';

export interface Making {
  readonly pool: Pool;
  readonly tree: KeyTree;
  readonly place: Place;
  readonly marks: MarkKeys;
}

export interface Made {
  /** By tag. */
  readonly resolved: Map<string, Resolved>;
  /** Tags of which another process made the row first. */
  readonly lost: Buffer[];
}

/** Marks by tag, as they are sealed and as they read. */
type KnownMarks = Map<string, { readonly sealed: Buffer; readonly mark: Mark }>;

/** Looks at marks that changed while they were read. */
const MARK_READS_MAX = 32;

/**
 * Slot and directory row of each first sighting, durable when it resolves. One statement, and so one
 * transaction, takes the lock of the marks, reads them and inserts everything. It inserts nothing
 * where it meets a mark that was not taken into account; that mark is, the next time. `sightings`
 * come in the order of their tags.
 */
export function makeSlots(making: Making, sightings: readonly TaggedSighting[]): Promise<Made> {
  const { tree, place, marks } = making;
  const marksOf = sightings.map(({ identifierKey }) => markTag(marks, identifierKey));
  return tree.statement(place.part, async (batch) => {
    const known: KnownMarks = new Map();
    for (let reads = 0; reads < MARK_READS_MAX; reads += 1) {
      const made = await makeUnder(making, batch, sightings, { known, tags: marksOf });
      if (made !== undefined) return made;
    }
    throw new VaultError(
      'unavailable',
      'the marks of numbers changed each time they were read: ask again',
    );
  });
}

interface Marks {
  readonly known: KnownMarks;
  /** Tag of the mark that each sighting would have. */
  readonly tags: readonly Buffer[];
}

/** Undefined, and `known` has grown, where a mark was found that it did not hold. */
async function makeUnder(
  { pool, place, marks }: Making,
  batch: EntryBatch,
  sightings: readonly TaggedSighting[],
  { known, tags }: Marks,
): Promise<Made | undefined> {
  const resolved = new Map<string, Resolved>();
  const wanted = sightings.flatMap((sighting, i) => {
    const erasedAt = known.get(tags[i]?.toString('latin1') ?? '')?.mark.erasedAt;
    if (erasedAt !== undefined && sighting.latest < erasedAt) {
      resolved.set(sighting.tagText, { state: 'erased', erasedAt });
      return [];
    }
    // A number that was erased begins a new subject at that time.
    return [{ ...sighting, from: erasedAt ?? 0 }];
  });
  if (wanted.length === 0) return { resolved, lost: [] };
  const { entries, rows } = await batch.draw('slot', wanted.length);
  const slots = wanted.map((sighting, i) => {
    const slot = entries.ids.subarray(i * ENTRY_ID_BYTES, (i + 1) * ENTRY_ID_BYTES);
    const key = entries.keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES);
    const intervals = [{ from: sighting.from, to: OPEN_END, slot }];
    const value = { identifierKey: sighting.identifierKey, intervals };
    return { ...sighting, slot, key, sealed: sealRow(place.keys, sighting.tag, value) };
  });
  const asked = ask<Answer>(pool, statement(place, marks, rows, { slots, known, tags }));
  asked.catch(() => undefined);
  batch.sent();
  const answer = await asked;
  if (learnMarks(marks, answer.rows, known)) {
    entries.keys.fill(0);
    return undefined;
  }
  if (!answer.rows.some(({ what }) => what === 'gate')) {
    throw new StaleNode('a turn moved the branch or the open leaf');
  }
  const lost = answer.rows.flatMap(({ what, tag }) => (what === 'lost' && tag ? [tag] : []));
  const lostTexts = new Set(lost.map((tag) => tag.toString('latin1')));
  for (const { tagText, slot, key, from } of slots) {
    if (lostTexts.has(tagText)) key.fill(0);
    else resolved.set(tagText, { state: 'slot', slot, key, from });
  }
  return { resolved, lost };
}

/** Adds the marks that were found; whether one of them was not known, or another one before. */
function learnMarks(marks: MarkKeys, rows: readonly Answer[], known: KnownMarks): boolean {
  let isNew = false;
  for (const { what, tag, sealed } of rows) {
    if (what !== 'mark' || tag === null || sealed === null) continue;
    const name = tag.toString('latin1');
    if (known.get(name)?.sealed.equals(sealed) === true) continue;
    known.set(name, { sealed, mark: openMark(marks, tag, sealed) });
    isNew = true;
  }
  return isNew;
}

/** `mark`: a mark of one of the tags; `gate`: the rows were inserted; `lost`: all but this one. */
interface Answer {
  readonly what: 'mark' | 'gate' | 'lost';
  readonly tag: Buffer | null;
  readonly sealed: Buffer | null;
}

interface Sighted extends Marks {
  readonly slots: readonly { readonly tag: Buffer; readonly sealed: Buffer }[];
}

function statement(
  { keys, partNumber }: Place,
  marks: MarkKeys,
  rows: EntryRows,
  { slots, known, tags }: Sighted,
) {
  const at = (i: number) => `$${ENTRY_VALUES + i}`;
  const noOtherMark = `not exists (select from mark where sealed <> all (${at(3)}::bytea[]))`;
  return {
    name: `vault-first-sightings-${partNumber}`,
    text: `with mark as materialized (
      select tag, sealed from vault.marks_under_lock(${at(1)}::bytea, ${at(2)}::bytea[])),
    ${entryCtes(partNumber, noOtherMark)},
    sighting as materialized (
      select tag, sealed from unnest(${at(5)}::bytea[], ${at(6)}::bytea[]) as row (tag, sealed)),
    named as (
      insert into vault.directory_${partNumber} (directory, tag, sealed)
      select ${at(4)}::int, tag, sealed from sighting where exists (select from gate)
      on conflict (directory, tag) do nothing returning tag)
    select 'mark' as what, tag, sealed from mark
    union all select 'gate', null, null from gate
    union all select 'lost', tag, null from sighting
      where exists (select from gate) and tag not in (select tag from named)`,
    values: [
      ...entryValues(rows),
      marks.entry,
      tags,
      [...known.values()].map(({ sealed }) => sealed),
      keys.number,
      slots.map(({ tag }) => tag),
      slots.map(({ sealed }) => sealed),
    ],
  };
}
