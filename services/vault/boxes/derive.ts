import sodium from 'sodium-native';
import { KEY_BYTES } from './aead.ts';

/** What a key is for; a key of one use says nothing about that of another. */
export type Use = 'pointer' | 'directory tag' | 'directory value' | 'mark tag' | 'mark value';

/** The 32-byte key for one use of `key`: BLAKE2b keyed with `key` over the use's name. */
export function deriveKey(key: Uint8Array, use: Use): Buffer {
  const out = Buffer.allocUnsafeSlow(KEY_BYTES);
  sodium.crypto_generichash(out, Buffer.from(`tollbook ${use} 1`), key);
  return out;
}

const BOX_LABEL = Buffer.alloc(KEY_BYTES);
BOX_LABEL.write('tollbook box 1');

export const BOX_KEYS_BYTES = 64;

/** 1 count byte, then each key behind its 2-byte length: at most 8 slots, an epoch, an account. */
const scopes = Buffer.alloc(1 + 10 * (2 + KEY_BYTES));

/**
 * The keys of a box into `out`: 32 bytes to seal with and 32 to digest with. BLAKE2b keyed with a
 * label over every scope key the box depends on, length-prefixed and in this order: its slots (0 to
 * 8, as the pointer names them), the epoch, the account scope. Whoever lacks one of them knows
 * nothing of either key.
 */
export function deriveBoxKeys(
  out: Uint8Array,
  slots: readonly Uint8Array[],
  epoch: Uint8Array,
  account: Uint8Array,
): void {
  scopes[0] = slots.length;
  let at = 1;
  for (const slot of slots) at = putKey(slot, at);
  at = putKey(epoch, at);
  at = putKey(account, at);
  sodium.crypto_generichash(out, scopes.subarray(0, at), BOX_LABEL);
  scopes.fill(0, 0, at);
}

function putKey(key: Uint8Array, at: number): number {
  scopes.writeUInt16BE(key.length, at);
  scopes.set(key, at + 2);
  return at + 2 + key.length;
}

export const DIGEST_BYTES = 16;

/**
 * 16 bytes that are equal for equal plaintexts of one event and party, so that a repeat with another
 * body can be seen without opening it. Keyed with the box: it means nothing once a scope of the box is gone.
 */
export function digestInto(out: Uint8Array, digestKey: Uint8Array, message: Uint8Array): void {
  sodium.crypto_generichash(out, message, digestKey);
}

export const TAG_BYTES = 16;

const tagScratch = Buffer.alloc(512);

/** PRF(key, identifier): where an identifier stands in a directory, for whoever has its key. */
export function identifierTag(key: Uint8Array, identifierKey: string): Buffer {
  const tag = Buffer.allocUnsafeSlow(TAG_BYTES);
  // No UTF-16 unit takes more than three bytes.
  if (identifierKey.length * 3 > tagScratch.length) {
    sodium.crypto_generichash(tag, Buffer.from(identifierKey), key);
    return tag;
  }
  const length = tagScratch.write(identifierKey);
  sodium.crypto_generichash(tag, tagScratch.subarray(0, length), key);
  tagScratch.fill(0, 0, length);
  return tag;
}
