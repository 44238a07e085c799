import type { Clock } from '#platform';
import { open, seal } from './boxes/aead.ts';
import type { Suite } from './boxes/aead.ts';
import type { KeyTree } from './key-tree/key-tree.ts';
import type { Access, RecordAccess } from './port.ts';
import { VaultError } from './port.ts';
import { accessScope, utcDay } from './scope-names.ts';

const DAY_BYTES = 4;

/** What an access touched: an event (or a record in quarantine) and the slots that were asked for. */
export interface Touched {
  readonly id: Uint8Array;
  readonly slots: readonly Uint8Array[];
}

/** Appends the access record; nothing may be opened before it resolves. */
export type Recorder = (access: Access, touched: readonly Touched[]) => Promise<void>;

export interface RecorderOptions {
  readonly tree: KeyTree;
  readonly clock: Clock;
  readonly recordAccess: RecordAccess;
  readonly suite: Suite;
}

const aadOf = (day: number) => Buffer.from(`tollbook access ${day}`);

/** Ids and slots, never a number, sealed under the access key of the day. */
export function createRecorder({ tree, clock, recordAccess, suite }: RecorderOptions): Recorder {
  return async (access, touched) => {
    const day = utcDay(clock.now());
    const [key] = await tree.ensure([accessScope(day)]);
    if (key?.state !== 'alive') {
      throw new VaultError(
        'bad_request',
        `the access key of day ${day} was destroyed: the clock of this machine is behind`,
      );
    }
    const number = Buffer.alloc(DAY_BYTES);
    number.writeUInt32BE(day);
    const sealed = Buffer.concat([number, seal(suite, key.key, aadOf(day), encode(touched))]);
    key.key.fill(0);
    const { actor, role, purpose } = access;
    await recordAccess({ actor, role, purpose, count: touched.length, sealed });
  };
}

function encode(touched: readonly Touched[]): Buffer {
  return Buffer.concat(
    touched.flatMap(({ id, slots }) => [
      Buffer.of(id.length),
      id,
      Buffer.of(slots.length),
      ...slots,
    ]),
  );
}

/** What a record sealed, for whoever holds the access key of its day. */
export function openTouched(key: Uint8Array, sealed: Buffer): Touched[] | undefined {
  const bytes = open(key, aadOf(sealed.readUInt32BE()), sealed.subarray(DAY_BYTES));
  if (bytes === undefined) return undefined;
  const touched: Touched[] = [];
  let at = 0;
  const take = (length: number) => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const id = take(take(1)[0] ?? 0);
    const slots = Array.from({ length: take(1)[0] ?? 0 }, () => take(16));
    touched.push({ id, slots });
  }
  return touched;
}
