import { open, seal } from './boxes/aead.ts';
import type { Suite } from './boxes/aead.ts';
import type { Freshness } from './freshness.ts';
import type { KeyTree } from './key-tree/key-tree.ts';
import { createLru } from './lru.ts';
import type { QuarantinedBody, SealedQuarantined } from './port.ts';
import { VaultError } from './port.ts';
import { quarantineScope, utcDay } from './scope-names.ts';

const DAYS_MAX = 40;
const DAY_BYTES = 4;
const LABEL = Buffer.from('tollbook quarantine 1');

/** The UTC day stands in front of the sealed bytes, and is authenticated with the record's id. */
function aadOf(day: number, id: Uint8Array): Buffer {
  const number = Buffer.alloc(DAY_BYTES);
  number.writeUInt32BE(day);
  return Buffer.concat([LABEL, number, id]);
}

/** Seals whole records that could not be accepted, under the key of the day they came. */
export function createQuarantineSealer(
  tree: KeyTree,
  freshness: Freshness,
  suite: Suite,
): (records: readonly QuarantinedBody[]) => Promise<Uint8Array[]> {
  const days = createLru<number, Buffer>(DAYS_MAX, (key) => key.fill(0));
  freshness.onDestroyed(() => days.drop());

  async function keyOf(day: number): Promise<Buffer> {
    const cached = days.get(day);
    if (cached !== undefined) return cached;
    const [found] = await tree.ensure([quarantineScope(day)]);
    if (found?.state !== 'alive') {
      throw new VaultError(
        'bad_request',
        `the quarantine key of day ${day} was destroyed: nothing can be sealed for that day any more`,
      );
    }
    days.set(day, found.key);
    return found.key;
  }

  return async (records) => {
    await freshness.check();
    const sealed: Uint8Array[] = [];
    for (const { id, at, body } of records) {
      const day = utcDay(at);
      const aad = aadOf(day, id);
      const number = Buffer.alloc(DAY_BYTES);
      number.writeUInt32BE(day);
      sealed.push(Buffer.concat([number, seal(suite, await keyOf(day), aad, body)]));
    }
    return sealed;
  };
}

/** Undefined for bytes too short to hold a day. */
export function quarantinedDay({ sealed }: SealedQuarantined): number | undefined {
  if (sealed.length < DAY_BYTES) return undefined;
  return Buffer.from(sealed.buffer, sealed.byteOffset, DAY_BYTES).readUInt32BE();
}

/** The body; undefined where the bytes are not what was sealed for this id and day. */
export function openQuarantinedBody(
  key: Uint8Array,
  day: number,
  { id, sealed }: SealedQuarantined,
): Buffer | undefined {
  return open(key, aadOf(day, id), sealed.subarray(DAY_BYTES));
}
