import type { Pool } from '#platform';
import { beginAad, boxAad, epochAad } from './boxes/aad.ts';
import { KEY_BYTES, open } from './boxes/aead.ts';
import { BOX_KEYS_BYTES, deriveBoxKeys } from './boxes/derive.ts';
import { unpad } from './boxes/padding.ts';
import type { Recorder, Touched } from './access.ts';
import type { Freshness } from './freshness.ts';
import { idText } from './key-tree/entry-id.ts';
import type { KeyTree } from './key-tree/key-tree.ts';
import type { NamedKey } from './key-tree/names.ts';
import type { Entry } from './key-tree/pages.ts';
import { createLookup } from './directory/lookup.ts';
import type { OpenedPointer, Pointers } from './pointers.ts';
import { suiteOf } from './pointers.ts';
import type { Access, BoxToOpen, Opened, Reader, SealedQuarantined } from './port.ts';
import { openQuarantinedBody, quarantinedDay } from './quarantine.ts';
import { accountName, epochName, quarantineName } from './scope-names.ts';
import { asUnavailable, mayPass } from './waiting.ts';

export interface ReaderOptions {
  readonly pool: Pool;
  readonly tree: KeyTree;
  readonly freshness: Freshness;
  readonly pointers: Pointers;
  readonly record: Recorder;
}

const UNAVAILABLE: Opened = { state: 'unavailable' };
const SHREDDED: Opened = { state: 'shredded' };
const LOST: Opened = { state: 'lost' };
const TAMPERED: Opened = { state: 'tampered' };

export function createReader({ pool, tree, freshness, pointers, record }: ReaderOptions): Reader {
  /** Nothing was opened when this fails, so it may be asked again. */
  async function recorded(access: Access, touched: readonly Touched[]): Promise<void> {
    try {
      await record(access, touched);
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  async function openBoxes(
    boxes: readonly BoxToOpen[],
    pointed: readonly OpenedPointer[],
  ): Promise<Opened[]> {
    const slots = new Map<string, Uint8Array>();
    boxes.forEach(({ index }, i) => {
      for (const id of slotsOf(pointed[i], index) ?? []) slots.set(idText(id), id);
    });
    const entries = await tree.read([...slots.values()]);
    const slotKeys = new Map([...slots.keys()].map((id, i) => [id, entries[i]]));
    const names = new Set(boxes.flatMap(({ ref }) => scopeNames(ref)));
    const found = await tree.find([...names]);
    const scopes = new Map([...names].map((name, i) => [name, found[i]]));
    const opened = boxes.map((box, i) => openOne(box, pointed[i], { slotKeys, scopes }));
    for (const entry of entries) if (entry?.state === 'alive') entry.key.fill(0);
    for (const scope of found) if (scope?.state === 'alive') scope.key.fill(0);
    return opened;
  }

  async function openBodies(records: readonly SealedQuarantined[]): Promise<Opened[]> {
    await freshness.check();
    const days = records.map(quarantinedDay);
    const names = [...new Set(days.map((day) => quarantineName(day ?? 0)))];
    const found = await tree.find(names);
    const keys = new Map(names.map((name, i) => [name, found[i]]));
    const opened = records.map((sealed, i): Opened => {
      const day = days[i];
      if (day === undefined) return TAMPERED;
      const key = keys.get(quarantineName(day));
      if (key?.state !== 'alive') return key?.state === 'ended' ? SHREDDED : LOST;
      const plaintext = openQuarantinedBody(key.key, day, sealed);
      return plaintext === undefined ? TAMPERED : { state: 'open', plaintext };
    });
    for (const key of found) if (key?.state === 'alive') key.key.fill(0);
    return opened;
  }

  return {
    async open(access, boxes) {
      if (boxes.length === 0) return [];
      const pointed = await orUndefined(() => pointers.open(boxes.map(({ ref }) => ref)));
      if (pointed === undefined) return boxes.map(() => UNAVAILABLE);
      const touched = boxes.map(({ ref, index }, i) => ({
        id: ref.eventId,
        slots: slotsOf(pointed[i], index) ?? [],
      }));
      await recorded(access, touched);
      const opened = await orUndefined(() => openBoxes(boxes, pointed));
      return opened ?? boxes.map(() => UNAVAILABLE);
    },

    async openQuarantined(access, records) {
      if (records.length === 0) return [];
      await recorded(
        access,
        records.map(({ id }) => ({ id, slots: [] })),
      );
      const opened = await orUndefined(() => openBodies(records));
      return opened ?? records.map(() => UNAVAILABLE);
    },

    lookup: createLookup({ pool, tree, freshness, record: recorded }),
  };
}

/** Undefined where database or custodian are away. */
async function orUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (mayPass(error)) return undefined;
    throw error;
  }
}

function slotsOf(pointed: OpenedPointer | undefined, index: number) {
  return pointed?.state === 'open' ? pointed.contents.boxes[index]?.slots : undefined;
}

function scopeNames({ domain, month, accountId, group }: BoxToOpen['ref']): [string, string] {
  return [
    epochName(domain.retentionClass, group.category, month),
    accountName(accountId, group.category),
  ];
}

interface Keys {
  readonly slotKeys: ReadonlyMap<string, Entry | undefined>;
  readonly scopes: ReadonlyMap<string, NamedKey | undefined>;
}

/** A destroyed scope is the answer even where another one is lost: nothing can come back. */
function openOne(box: BoxToOpen, pointed: OpenedPointer | undefined, keys: Keys): Opened {
  if (pointed === undefined) return LOST;
  if (pointed.state !== 'open') return { state: pointed.state };
  const { ref, index } = box;
  const slots = slotsOf(pointed, index);
  const sealed = ref.group.boxes[index];
  if (slots === undefined || sealed === undefined) return TAMPERED;
  const entries = slots.map((id) => keys.slotKeys.get(idText(id)));
  const [epoch, account] = scopeNames(ref).map((name) => keys.scopes.get(name));
  if (entries.some((entry) => entry?.state === 'destroyed')) return SHREDDED;
  if (epoch?.state === 'ended' || account?.state === 'ended') return SHREDDED;
  const alive = entries.flatMap((entry) => (entry?.state === 'alive' ? [entry.key] : []));
  if (alive.length !== slots.length) return LOST;
  if (epoch?.state !== 'alive' || account?.state !== 'alive') return LOST;
  const both = Buffer.alloc(BOX_KEYS_BYTES);
  deriveBoxKeys(both, alive, epoch.key, account.key);
  beginAad(suiteOf(sealed.box), ref);
  const aad = boxAad(
    sealed.party,
    epochAad(ref.domain.retentionClass, ref.group.category, ref.month),
  );
  const padded = open(both.subarray(0, KEY_BYTES), aad, sealed.box);
  both.fill(0);
  const plaintext = padded === undefined ? undefined : unpad(padded);
  return plaintext === undefined ? TAMPERED : { state: 'open', plaintext };
}
