/** A growing buffer written front to back; `take` copies what was written and starts over. */
export interface ByteWriter {
  byte(value: number): void;
  /** A whole number from 0 to 2^53-1, seven bits a byte, lowest first. */
  varint(value: number): void;
  /** 32 bits, highest first. */
  fixed32(value: number): void;
  /** 48 bits, highest first. */
  digest(value: number): void;
  /** Hex digits, two a byte. */
  hex(digits: string): void;
  /** Length, then UTF-8. */
  text(value: string): void;
  /** Length, then the bytes. */
  blob(value: Uint8Array): void;
  take(): Buffer;
}

const HIGH = 2 ** 31;

export function createByteWriter(initialBytes = 4096): ByteWriter {
  let buffer = Buffer.allocUnsafeSlow(initialBytes);
  let at = 0;

  const room = (bytes: number): void => {
    if (at + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + bytes));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  };
  const varint = (value: number): void => {
    room(8);
    let rest = value;
    while (rest >= HIGH) {
      buffer[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      buffer[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    buffer[at++] = rest;
  };

  return {
    byte(value) {
      room(1);
      buffer[at++] = value;
    },
    varint,
    fixed32(value) {
      room(4);
      at = buffer.writeUInt32BE(value, at);
    },
    digest(value) {
      room(6);
      at = buffer.writeUIntBE(value, at, 6);
    },
    hex(digits) {
      room(digits.length / 2);
      at += buffer.write(digits, at, digits.length / 2, 'hex');
    },
    text(value) {
      const length = Buffer.byteLength(value);
      varint(length);
      room(length);
      at += buffer.write(value, at, length, 'utf8');
    },
    blob(value) {
      varint(value.length);
      room(value.length);
      buffer.set(value, at);
      at += value.length;
    },
    take() {
      const taken = Buffer.from(buffer.subarray(0, at));
      at = 0;
      return taken;
    },
  };
}

export interface ByteReader {
  readonly done: boolean;
  byte(): number;
  varint(): number;
  fixed32(): number;
  digest(): number;
  hex(bytes: number): string;
  text(): string;
  blob(): Buffer;
}

/** @throws RangeError where the bytes end too early. */
export function createByteReader(source: Uint8Array): ByteReader {
  const buffer = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  let at = 0;

  const byte = (): number => {
    const value = buffer[at];
    if (value === undefined) throw new RangeError('the bytes end inside a value');
    at += 1;
    return value;
  };
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const part = byte();
      value += (part & 127) * scale;
      if (part < 128) return value;
      scale *= 128;
    }
  };
  const span = (length: number): number => {
    const from = at;
    at += length;
    if (at > buffer.length) throw new RangeError('the bytes end inside a value');
    return from;
  };

  return {
    get done() {
      return at === buffer.length;
    },
    byte,
    varint,
    fixed32: () => buffer.readUInt32BE(span(4)),
    digest: () => buffer.readUIntBE(span(6), 6),
    hex(bytes) {
      const from = span(bytes);
      return buffer.toString('hex', from, from + bytes);
    },
    text() {
      const length = varint();
      const from = span(length);
      return buffer.toString('utf8', from, from + length);
    },
    blob() {
      const length = varint();
      const from = span(length);
      return Buffer.from(buffer.subarray(from, from + length));
    },
  };
}
