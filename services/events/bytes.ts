import { EventsError } from './errors.ts';

/** Longest an unsigned varint below 2^53 gets. */
export const uintBytesMax = 8;

/** Writes an unsigned LEB128 varint (0 .. 2^53 - 1) and returns the place after it. */
export function putUint(buffer: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest > 0x7fffffff) {
    buffer[next++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    buffer[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[next++] = rest;
  return next;
}

/** Writes a length-prefixed byte string and returns the place after it. */
export function putBytes(buffer: Uint8Array, at: number, value: Uint8Array): number {
  const start = putUint(buffer, at, value.length);
  buffer.set(value, start);
  return start + value.length;
}

/** Writes length-prefixed UTF-8 and returns the place after it. */
export function putText(buffer: Buffer, at: number, value: string): number {
  const length = Buffer.byteLength(value);
  const start = putUint(buffer, at, length);
  buffer.write(value, start, length);
  return start + length;
}

/** Upper bound of what `putText` writes. */
export const textBytesMax = (value: string): number => value.length * 3 + uintBytesMax;

/** A view of the same memory with Buffer's methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads what the `put` functions wrote; every overrun is `corrupt_event`. */
export class ByteReader {
  readonly buffer: Buffer;
  readonly what: string;
  at: number;

  constructor(bytes: Uint8Array, what: string) {
    this.buffer = asBuffer(bytes);
    this.what = what;
    this.at = 0;
  }

  byte(): number {
    const value = this.buffer[this.at++];
    if (value === undefined) throw this.corrupt('ends too early');
    return value;
  }

  uint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < uintBytesMax; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw this.corrupt('has a number longer than 8 bytes');
  }

  /** A view, not a copy. */
  take(length: number): Buffer {
    const start = this.at;
    this.pass(length);
    return this.buffer.subarray(start, this.at);
  }

  pass(length: number): void {
    const end = this.at + length;
    if (end > this.buffer.length) throw this.corrupt('ends too early');
    this.at = end;
  }

  bytes(): Buffer {
    return this.take(this.uint());
  }

  text(): string {
    const length = this.uint();
    const start = this.at;
    this.pass(length);
    return this.buffer.toString('utf8', start, this.at);
  }

  end(): void {
    if (this.at !== this.buffer.length) throw this.corrupt('goes on after its end');
  }

  corrupt(how: string): EventsError {
    return new EventsError(
      'corrupt_event',
      `${this.what} ${how}; check the store that it was read from against a backup`,
    );
  }
}
