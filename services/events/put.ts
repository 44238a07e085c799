import { asBuffer, putUint } from './bytes.ts';
import { EventsError } from './errors.ts';

/** Longest an Avro long below 2^53 gets. */
export const longBytesMax = 8;

const shortTextMax = 48;

/** Avro long: zigzag varint. */
export function putLong(buffer: Buffer, at: number, value: number): number {
  if (value >= -0x40000000 && value < 0x40000000) {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    let next = at;
    while (rest > 0x7f) {
      buffer[next++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[next++] = rest;
    return next;
  }
  const negative = value < 0;
  const magnitude = negative ? -(value + 1) : value;
  buffer[at] = (magnitude % 64) * 2 + (negative ? 1 : 0) + 0x80;
  return putUint(buffer, at + 1, Math.floor(magnitude / 64));
}

/** Avro string. A loop beats the native call for short ASCII. */
export function putString(buffer: Buffer, at: number, value: string): number {
  const length = value.length;
  if (length < shortTextMax) {
    let i = 0;
    for (; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) break;
      buffer[at + 1 + i] = unit;
    }
    if (i === length) {
      buffer[at] = length << 1;
      return at + 1 + length;
    }
  }
  const size = Buffer.byteLength(value);
  const start = putLong(buffer, at, size);
  buffer.write(value, start, size, 'utf8');
  return start + size;
}

/** Avro bytes. */
export function putByteString(buffer: Buffer, at: number, value: Uint8Array): number {
  const start = putLong(buffer, at, value.length);
  asBuffer(value).copy(buffer, start);
  return start + value.length;
}

/** 16 bytes, given as such or as 32 hex digits. */
export function putId(buffer: Buffer, at: number, value: unknown, field: string): number {
  if (typeof value === 'string') {
    if (value.length !== 32 || buffer.write(value, at, 16, 'hex') !== 16) throw refused(field);
  } else if (value instanceof Uint8Array && value.length === 16) {
    for (let i = 0; i < 16; i++) buffer[at + i] = value[i] ?? 0;
  } else {
    throw refused(field);
  }
  return at + 16;
}

/** The error of a field whose value does not fit its type; the value stays out of it. */
export function refused(field: string): EventsError {
  return new EventsError(
    'unencodable',
    `the field ${field} does not hold what its schema says; correct the program that sets it`,
  );
}
