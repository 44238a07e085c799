import { createHash } from 'node:crypto';
import type { BinaryEventData, ResolvedEvent } from '@eventstore/db-client';
import type { NewEvent, RecordedEvent } from '../port.ts';
import { JournalError } from '../port.ts';

/*
 * An event becomes one binary KurrentDB event of the same type and data. Its metadata, integers
 * big-endian:
 *
 *   u8 1 (version of the layout; as no JSON text begins so, the client hands the bytes back as they are)
 *   u8 flags: 1 resume follows, 2 it was inherited, 4 no event so far carried one
 *   id (16), [u64 resume], meta
 *
 * The last event of every slice but a fence says what `resume` is there, so that a head is found by
 * looking back past fences alone, also in logs whose events carry none.
 */
const VERSION = 1;
const RESUME = 1;
const INHERITED = 2;
const NONE = 4;
const HEAD_BYTES = 2 + 16;
const U32 = 0x1_0000_0000;

/** What is known of `resume` at a place: the number, none so far, or nothing said. */
export type ResumeState = number | 'none' | undefined;

export interface StoredEvent {
  readonly event: RecordedEvent;
  readonly state: ResumeState;
}

/**
 * The event as the client takes it. `place` is its position, or `any` for a fence; with the log and
 * the event's id it gives the store's id, so that the same append again is recognised by the store.
 */
export function toStore(
  log: string,
  event: NewEvent,
  place: number | 'any',
  state: ResumeState,
): BinaryEventData {
  return {
    id: storeId(log, event.id, place),
    contentType: 'application/octet-stream',
    type: event.type,
    data: event.data,
    metadata: encodeMetadata(event, state),
  };
}

function encodeMetadata(event: NewEvent, state: ResumeState): Uint8Array {
  const own = event.resume;
  const resume = own ?? (state === 'none' ? undefined : state);
  const bytes = HEAD_BYTES + (resume === undefined ? 0 : 8) + event.meta.length;
  // A Buffer would be taken for JSON.
  const metadata = new Uint8Array(bytes);
  const view = new DataView(metadata.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(
    1,
    own !== undefined
      ? RESUME
      : resume !== undefined
        ? RESUME | INHERITED
        : state === 'none'
          ? NONE
          : 0,
  );
  metadata.set(event.id, 2);
  if (resume !== undefined) {
    view.setUint32(HEAD_BYTES, Math.floor(resume / U32));
    view.setUint32(HEAD_BYTES + 4, resume % U32);
  }
  metadata.set(event.meta, bytes - event.meta.length);
  return metadata;
}

/** @throws JournalError `corrupt` for an event that tollbook did not write. */
export function fromStore(log: string, resolved: ResolvedEvent): StoredEvent {
  const recorded = resolved.event;
  if (recorded === undefined || recorded.isJson) throw foreign(log);
  const { data, metadata } = recorded;
  if (!(metadata instanceof Uint8Array) || !(data instanceof Uint8Array)) throw foreign(log);
  const bytes = asBuffer(metadata);
  const flags = bytes[1] ?? 0;
  const metaAt = HEAD_BYTES + ((flags & RESUME) === 0 ? 0 : 8);
  if (bytes[0] !== VERSION || bytes.length < metaAt) throw foreign(log);
  const resume =
    metaAt === HEAD_BYTES
      ? undefined
      : bytes.readUInt32BE(HEAD_BYTES) * U32 + bytes.readUInt32BE(HEAD_BYTES + 4);
  const event = {
    id: bytes.subarray(2, HEAD_BYTES),
    type: recorded.type,
    data: asBuffer(data),
    meta: bytes.subarray(metaAt),
    log,
    position: Number(recorded.revision) + 1,
    recordedAt: recorded.created.getTime() * 1000,
  };
  return {
    event: resume === undefined || (flags & INHERITED) !== 0 ? event : { ...event, resume },
    state: (flags & NONE) === 0 ? resume : 'none',
  };
}

/** What an event takes in the store, generously; its own limit counts type and overhead too. */
export function storedBytes(event: NewEvent): number {
  return event.data.length + event.meta.length + 2 * event.type.length + 64;
}

/** A UUID of version 8 (RFC 9562) over log, event id and place. */
export function storeId(log: string, eventId: Uint8Array, place: number | 'any'): string {
  const hash = createHash('sha256').update(`${log}\n${place}\n`).update(eventId).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function foreign(log: string): JournalError {
  return new JournalError(
    'corrupt',
    `the stream of log ${log} holds an event that is not tollbook's; find out who writes there and restore the stream`,
  );
}
