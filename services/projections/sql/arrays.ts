/**
 * Parameters of array type in PostgreSQL's binary format: pg sends a Buffer as binary, so a column
 * of a thousand values goes as one parameter without being written out as text.
 */

const UUID = 2950;
const BYTEA = 17;
const TEXT = 25;
const INT8 = 20;
const HEADER_BYTES = 20;
const U32 = 0x1_0000_0000;

export function uuidArray(ids: readonly string[]): Buffer {
  const buffer = allocate(UUID, ids.length, ids.length * 20);
  let at = HEADER_BYTES;
  for (const id of ids) {
    at = buffer.writeInt32BE(16, at);
    at += buffer.write(id, at, 16, 'hex');
  }
  return finish(buffer, ids.length, at);
}

export function nullableUuidArray(ids: readonly (string | undefined)[]): Buffer {
  const buffer = allocate(UUID, ids.length, ids.length * 20);
  let at = HEADER_BYTES;
  for (const id of ids) {
    at = buffer.writeInt32BE(id === undefined ? -1 : 16, at);
    if (id !== undefined) at += buffer.write(id, at, 16, 'hex');
  }
  return finish(buffer, ids.length, at);
}

export function int8Array(values: readonly (number | undefined)[]): Buffer {
  const buffer = allocate(INT8, values.length, values.length * 12);
  let at = HEADER_BYTES;
  for (const value of values) {
    at = buffer.writeInt32BE(value === undefined ? -1 : 8, at);
    if (value !== undefined) at = writeInt8(buffer, value, at);
  }
  return finish(buffer, values.length, at);
}

export function byteaArray(values: readonly (Uint8Array | undefined)[]): Buffer {
  let size = 0;
  for (const value of values) size += 4 + (value?.length ?? 0);
  const buffer = allocate(BYTEA, values.length, size);
  let at = HEADER_BYTES;
  for (const value of values) {
    at = buffer.writeInt32BE(value?.length ?? -1, at);
    if (value === undefined) continue;
    buffer.set(value, at);
    at += value.length;
  }
  return finish(buffer, values.length, at);
}

export function textArray(values: readonly string[]): Buffer {
  let size = 0;
  for (const value of values) size += 4 + value.length * 3;
  const buffer = allocate(TEXT, values.length, size);
  let at = HEADER_BYTES;
  for (const value of values) {
    const length = buffer.write(storable(value), at + 4, 'utf8');
    buffer.writeInt32BE(length, at);
    at += 4 + length;
  }
  return finish(buffer, values.length, at);
}

/** PostgreSQL's text holds no U+0000, which a source is free to send. */
export function storable(value: string): string {
  return value.includes('\u0000') ? value.replaceAll('\u0000', '\ufffd') : value;
}

/** Any integer up to 2^53 in size, as a signed 64-bit one. */
export function writeInt8(buffer: Buffer, value: number, at: number): number {
  const high = Math.floor(value / U32);
  buffer.writeInt32BE(high, at);
  return buffer.writeUInt32BE(value - high * U32, at + 4);
}

function allocate(elementType: number, count: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + bytes);
  // An empty array has no dimension at all.
  buffer.writeInt32BE(count === 0 ? 0 : 1, 0);
  buffer.writeInt32BE(1, 4);
  buffer.writeInt32BE(elementType, 8);
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}

function finish(buffer: Buffer, count: number, end: number): Buffer {
  return buffer.subarray(0, count === 0 ? 12 : end);
}
