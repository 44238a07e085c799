import type { GroupRef, SealedGroup } from '#vault';
import {
  asBuffer,
  ByteReader,
  putBytes,
  putText,
  putUint,
  textBytesMax,
  uintBytesMax,
} from './bytes.ts';
import { groupBytesMax, putGroup, takeDomain, takeGroup } from './envelope.ts';
import type { StoredEvent } from './event-plan.ts';

const version = 1;

/** What the vault needs to open a group of a stored event. */
export function groupRef(event: StoredEvent, group: SealedGroup): GroupRef {
  const { facts, envelope } = event;
  return {
    eventId: Buffer.from(facts.eventId, 'hex'),
    type: event.type,
    fingerprint: envelope.fingerprint,
    domain: envelope.domain,
    month: envelope.month,
    accountId: facts.accountId,
    group,
  };
}

/** One byte string from which `unpackRef` makes the reference again: what a view keeps. */
export function packRef(ref: GroupRef): Buffer {
  const buffer = Buffer.allocUnsafe(sizeMax(ref));
  buffer[0] = version;
  let at = putBytes(buffer, 1, ref.eventId);
  at = putText(buffer, at, ref.type);
  at = putBytes(buffer, at, ref.fingerprint);
  at = putUint(buffer, at, ref.month);
  at = putText(buffer, at, ref.domain.controller);
  at = putText(buffer, at, ref.domain.retentionClass);
  at = putText(buffer, at, ref.accountId);
  at = putGroup(buffer, at, ref.group);
  return Buffer.from(buffer.subarray(0, at));
}

/** @throws EventsError `corrupt_event` */
export function unpackRef(bytes: Uint8Array): GroupRef {
  const reader = new ByteReader(asBuffer(bytes), 'a packed reference');
  const found = reader.byte();
  if (found !== version)
    throw reader.corrupt(`has version ${found}, which this tollbook cannot read`);
  const eventId = reader.bytes();
  const type = reader.text();
  const fingerprint = reader.bytes();
  const month = reader.uint();
  const domain = takeDomain(reader, false);
  const accountId = reader.text();
  const group = takeGroup(reader);
  reader.end();
  return { eventId, type, fingerprint, domain, month, accountId, group };
}

function sizeMax(ref: GroupRef): number {
  return (
    1 +
    3 * uintBytesMax +
    ref.eventId.length +
    ref.fingerprint.length +
    textBytesMax(ref.type) +
    textBytesMax(ref.domain.controller) +
    textBytesMax(ref.domain.retentionClass) +
    textBytesMax(ref.accountId) +
    groupBytesMax(ref.group)
  );
}
