import { asBuffer } from './bytes.ts';

/** Thrown inside the codecs only; the caller says what was being read. */
export class Malformed extends Error {}

const internSlots = 8192;
/** Longer text is likely an id (a UUID has 36) and would only push labels out. */
const internBytesMax = 24;
const interned: string[] = Array.from({ length: internSlots }, () => '');

/**
 * Reads Avro's binary encoding from one buffer. Overruns show as `at` beyond the end, which `finish`
 * refuses; until then numbers read as nonsense, never as memory of somebody else.
 */
export class Cursor {
  buffer: Buffer = Buffer.alloc(0);
  at = 0;

  start(bytes: Uint8Array, at: number): void {
    this.buffer = asBuffer(bytes);
    this.at = at;
  }

  /** Zigzag varint up to 2^53; beyond that `Malformed`. */
  long(): number {
    const { buffer } = this;
    let at = this.at;
    let byte = buffer[at++] ?? 0;
    let low = byte & 0x7f;
    for (let shift = 7; byte > 0x7f && shift < 28; shift += 7) {
      byte = buffer[at++] ?? 0;
      low |= (byte & 0x7f) << shift;
    }
    this.at = at;
    return byte > 0x7f ? this.#longTail(low) : (low >>> 1) ^ -(low & 1);
  }

  /** The sign is the lowest bit; the rest is summed as a double, exact below 2^53. */
  #longTail(low: number): number {
    let magnitude = low >>> 1;
    let scale = 0x8000000;
    let byte: number;
    do {
      byte = this.buffer[this.at++] ?? 0;
      magnitude += (byte & 0x7f) * scale;
      scale *= 128;
      if (magnitude > Number.MAX_SAFE_INTEGER) throw new Malformed('a number beyond 2^53');
    } while (byte > 0x7f);
    return (low & 1) === 0 ? magnitude : -magnitude - 1;
  }

  int(): number {
    const value = this.long();
    if (value !== (value | 0)) throw new Malformed('an int beyond 32 bits');
    return value;
  }

  boolean(): boolean {
    const byte = this.buffer[this.at++];
    if (byte !== undefined && byte > 1) throw new Malformed('a boolean that is neither 0 nor 1');
    return byte === 1;
  }

  float(): number {
    const at = this.#skip(4);
    return this.buffer.readFloatLE(at);
  }

  double(): number {
    const at = this.#skip(8);
    return this.buffer.readDoubleLE(at);
  }

  /** A copy, since bytes outlive the buffer they came in. */
  bytes(): Buffer {
    const length = this.long();
    const at = this.#skip(length);
    return Buffer.from(this.buffer.subarray(at, at + length));
  }

  text(): string {
    const length = this.long();
    const at = this.#skip(length);
    return this.buffer.toString('utf8', at, at + length);
  }

  /**
   * Text that comes again and again (labels, codes): the same string object for the same bytes,
   * which spares a native call, memory and hashing. Never for personal data: it stays in memory.
   */
  label(): string {
    const length = this.long();
    const at = this.#skip(length);
    const end = at + length;
    if (length > internBytesMax) return this.buffer.toString('utf8', at, end);
    const { buffer } = this;
    let hash = length;
    let high = 0;
    for (let i = at; i < end; i++) {
      const byte = buffer[i] ?? 0;
      high |= byte;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (high > 0x7f) return buffer.toString('utf8', at, end);
    const slot = hash & (internSlots - 1);
    const known = interned[slot] ?? '';
    if (known.length === length && sameText(known, buffer, at)) return known;
    const fresh = buffer.toString('latin1', at, end);
    interned[slot] = fresh;
    return fresh;
  }

  /** 16 bytes as 32 hex digits. */
  id(): string {
    const at = this.#skip(16);
    return this.buffer.toString('hex', at, at + 16);
  }

  fixed(size: number): Buffer {
    const at = this.#skip(size);
    return Buffer.from(this.buffer.subarray(at, at + size));
  }

  /** Passes over a number of any size. */
  skipLong(): void {
    while ((this.buffer[this.at++] ?? 0) > 0x7f);
  }

  /** Passes over a length-prefixed value. */
  skipBytes(): void {
    this.#skip(this.long());
  }

  /** Moves on and returns where it was. */
  #skip(length: number): number {
    const at = this.at;
    const end = at + length;
    if (length < 0 || end > this.buffer.length) throw new Malformed('a value that ends too early');
    this.at = end;
    return at;
  }

  skip(length: number): void {
    this.#skip(length);
  }

  badBranch(): never {
    throw new Malformed('a union branch that does not exist');
  }

  /** Refuses whatever does not end exactly where the buffer ends. */
  finish(): void {
    if (this.at < this.buffer.length) throw new Malformed('bytes after its end');
    if (this.at > this.buffer.length) throw new Malformed('a value that ends too early');
  }
}

function sameText(text: string, buffer: Buffer, at: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== buffer[at + i]) return false;
  return true;
}
