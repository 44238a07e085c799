import { open, seal } from '../boxes/aead.ts';
import { deriveKey, identifierTag } from '../boxes/derive.ts';
import { ENTRY_ID_BYTES } from '../key-tree/entry-id.ts';
import { VaultError } from '../port.ts';

/** The two keys of one directory: where an identifier stands, and what is said of it there. */
export interface DirectoryKeys {
  /** Number of the directory's name: rows of several directories share a table. */
  readonly number: number;
  readonly tag: Buffer;
  readonly value: Buffer;
}

export function directoryKeys(number: number, key: Uint8Array): DirectoryKeys {
  return {
    number,
    tag: deriveKey(key, 'directory tag'),
    value: deriveKey(key, 'directory value'),
  };
}

/** One slot of an identifier, for events with from <= occurredAt < to (µs). */
export interface SlotInterval {
  readonly from: number;
  readonly to: number;
  readonly slot: Uint8Array;
}

export interface DirectoryValue {
  readonly identifierKey: string;
  readonly intervals: readonly SlotInterval[];
}

/** End of an interval nobody ended. */
export const OPEN_END = Number.MAX_SAFE_INTEGER;

const PAD_BYTES = 64;
const INTERVAL_BYTES = 8 + 8 + ENTRY_ID_BYTES;

/** The sealed value; the tag is authenticated, so no row can stand in for another. */
export function sealRow(keys: DirectoryKeys, tag: Uint8Array, value: DirectoryValue): Buffer {
  const identifier = Buffer.from(value.identifierKey);
  const length = 1 + value.intervals.length * INTERVAL_BYTES + 2 + identifier.length;
  const bytes = Buffer.alloc(Math.ceil(length / PAD_BYTES) * PAD_BYTES);
  let at = bytes.writeUInt8(value.intervals.length);
  for (const { from, to, slot } of value.intervals) {
    at = bytes.writeDoubleBE(from, at);
    at = bytes.writeDoubleBE(to, at);
    bytes.set(slot, at);
    at += ENTRY_ID_BYTES;
  }
  at = bytes.writeUInt16BE(identifier.length, at);
  bytes.set(identifier, at);
  const sealed = seal(1, keys.value, tag, bytes);
  bytes.fill(0);
  return sealed;
}

/** @throws VaultError `tampered` */
export function openRow(keys: DirectoryKeys, tag: Uint8Array, sealed: Uint8Array): DirectoryValue {
  const bytes = open(keys.value, tag, sealed);
  if (bytes === undefined) {
    throw new VaultError(
      'tampered',
      'a row of the directory does not open under its key: it was changed outside tollbook; restore the vault',
    );
  }
  const count = bytes.readUInt8();
  const intervals: SlotInterval[] = [];
  let at = 1;
  for (let i = 0; i < count; i += 1) {
    const slot = Buffer.from(bytes.subarray(at + 16, at + 16 + ENTRY_ID_BYTES));
    intervals.push({ from: bytes.readDoubleBE(at), to: bytes.readDoubleBE(at + 8), slot });
    at += INTERVAL_BYTES;
  }
  const length = bytes.readUInt16BE(at);
  const identifierKey = bytes.toString('utf8', at + 2, at + 2 + length);
  bytes.fill(0);
  return { identifierKey, intervals };
}

export const rowTag = (keys: DirectoryKeys, identifierKey: string): Buffer =>
  identifierTag(keys.tag, identifierKey);
