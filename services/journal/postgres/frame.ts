import type { NewEvent, RecordedEvent } from '../port.ts';
import { JournalError } from '../port.ts';

/*
 * A slice as bytes, integers big-endian:
 *
 *   u8  1 (version of the layout)
 *   u32 number of events n
 *   u32 × (n + 1) where each event begins, from the start of the frame, and where the last one ends
 *   u16 number of types, then per type u8 length and UTF-8
 *   per event: u16 type (bit 15: resume follows the id), u32 length of meta, id (16), [u64 resume], meta, data
 *
 * The table of beginnings lets the database cut one event out of a slice.
 */
const VERSION = 1;
export const TABLE_AT = 5;
const HAS_RESUME = 0x8000;
const ENTRY_BYTES = 2 + 4 + 16;
const RESUME_BYTES = 8;
const U32 = 0x1_0000_0000;

export interface SlicePlace {
  readonly log: string;
  readonly first: number;
  readonly recordedAt: number;
}

export function encodeFrame(events: readonly NewEvent[]): Buffer {
  const types = collectTypes(events);
  let size = TABLE_AT + 4 * (events.length + 1) + types.bytes.length;
  let at = size;
  for (const event of events) {
    size += ENTRY_BYTES + event.meta.length + event.data.length;
    if (event.resume !== undefined) size += RESUME_BYTES;
  }
  const frame = Buffer.allocUnsafe(size);
  frame[0] = VERSION;
  frame.writeUInt32BE(events.length, 1);
  frame.set(types.bytes, at - types.bytes.length);
  let table = TABLE_AT;
  for (const event of events) {
    frame.writeUInt32BE(at, table);
    table += 4;
    at = writeEntry(frame, at, event, types.indexOf.get(event.type) ?? 0);
  }
  frame.writeUInt32BE(at, table);
  return frame;
}

function writeEntry(frame: Buffer, start: number, event: NewEvent, type: number): number {
  const { resume, meta, data } = event;
  let at = start;
  frame.writeUInt16BE(resume === undefined ? type : type | HAS_RESUME, at);
  frame.writeUInt32BE(meta.length, at + 2);
  frame.set(event.id, at + 6);
  at += ENTRY_BYTES;
  if (resume !== undefined) {
    frame.writeUInt32BE(Math.floor(resume / U32), at);
    frame.writeUInt32BE(resume % U32, at + 4);
    at += RESUME_BYTES;
  }
  frame.set(meta, at);
  frame.set(data, at + meta.length);
  return at + meta.length + data.length;
}

function collectTypes(events: readonly NewEvent[]): {
  indexOf: Map<string, number>;
  bytes: Buffer;
} {
  const indexOf = new Map<string, number>();
  const parts: Buffer[] = [Buffer.alloc(2)];
  let last = '';
  for (const { type } of events) {
    if (type === last) continue;
    last = type;
    if (indexOf.has(type)) continue;
    indexOf.set(type, indexOf.size);
    const name = Buffer.from(type, 'utf8');
    if (name.length > 255) throw new JournalError('invalid', 'an event type is over 255 bytes');
    parts.push(Buffer.of(name.length), name);
  }
  if (indexOf.size >= HAS_RESUME)
    throw new JournalError('too_large', 'a slice has over 32,767 types');
  const bytes = Buffer.concat(parts);
  bytes.writeUInt16BE(indexOf.size, 0);
  return { indexOf, bytes };
}

/**
 * Pushes the events of a frame after position `after` onto `into`, as views on the frame's memory.
 *
 * @throws JournalError `corrupt` when the bytes are not a frame.
 */
export function decodeFrame(
  frame: Buffer,
  place: SlicePlace,
  after: number,
  into: RecordedEvent[],
): void {
  const count = frameCount(frame);
  const types = decodeTypes(
    frame.subarray(TABLE_AT + 4 * (count + 1), frame.readUInt32BE(TABLE_AT)),
  );
  for (let i = Math.max(0, after - place.first + 1); i < count; i += 1) {
    const table = TABLE_AT + 4 * i;
    const start = frame.readUInt32BE(table);
    const end = frame.readUInt32BE(table + 4);
    into.push(decodeEntry(frame, start, end, place.first + i, types, place));
  }
}

/** The number of events of a frame whose table lies within it. */
export function frameCount(frame: Buffer): number {
  if (frame.length < TABLE_AT + 4 || frame[0] !== VERSION) throw corrupt();
  const count = frame.readUInt32BE(1);
  if (TABLE_AT + 4 * (count + 1) > frame.length) throw corrupt();
  if (frame.readUInt32BE(TABLE_AT + 4 * count) !== frame.length) throw corrupt();
  return count;
}

export function decodeTypes(bytes: Buffer): string[] {
  if (bytes.length < 2) throw corrupt();
  const types: string[] = [];
  let at = 2;
  for (let left = bytes.readUInt16BE(0); left > 0; left -= 1) {
    const length = bytes[at];
    if (length === undefined || at + 1 + length > bytes.length) throw corrupt();
    types.push(typeName(bytes, at + 1, at + 1 + length));
    at += 1 + length;
  }
  return types;
}

const names = new Map<string, string>();

/** One string object per type name, so that readers compare by identity first. */
function typeName(bytes: Buffer, start: number, end: number): string {
  const name = bytes.toString('utf8', start, end);
  const known = names.get(name);
  if (known !== undefined) return known;
  if (names.size < 10_000) names.set(name, name);
  return name;
}

export function decodeEntry(
  frame: Buffer,
  start: number,
  end: number,
  position: number,
  types: readonly string[],
  place: { readonly log: string; readonly recordedAt: number },
): RecordedEvent {
  if (start + ENTRY_BYTES > end || end > frame.length) throw corrupt();
  const head = frame.readUInt16BE(start);
  const hasResume = head >= HAS_RESUME;
  const type = types[hasResume ? head - HAS_RESUME : head];
  const id = frame.subarray(start + 6, start + ENTRY_BYTES);
  const metaAt = start + ENTRY_BYTES + (hasResume ? RESUME_BYTES : 0);
  const dataAt = metaAt + frame.readUInt32BE(start + 2);
  if (type === undefined || dataAt > end) throw corrupt();
  const meta = frame.subarray(metaAt, dataAt);
  const data = frame.subarray(dataAt, end);
  const { log, recordedAt } = place;
  if (!hasResume) return { id, type, data, meta, log, position, recordedAt };
  const resume = frame.readUInt32BE(metaAt - 8) * U32 + frame.readUInt32BE(metaAt - 4);
  return { id, type, data, meta, resume, log, position, recordedAt };
}

export function corrupt(): JournalError {
  return new JournalError(
    'corrupt',
    'the journal holds a slice that cannot be read; stop writers and restore journal.slices from a copy',
  );
}
