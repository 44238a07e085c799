import { createCipheriv, createDecipheriv } from 'node:crypto';
import sodium from 'sodium-native';
import { drawInto } from './random.ts';

/** 1: XChaCha20-Poly1305 (libsodium). 2: AES-256-GCM under a key of its own per message. */
export type Suite = 1 | 2;

export const FORMAT = 1;
export const KEY_BYTES = 32;

const NONCE_BYTES = 24;
const GCM_NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCE_AT = 2;
const BODY_AT = NONCE_AT + NONCE_BYTES;

/**
 * None of the two AEADs commits to its key: a box could be made that opens under two. Sealing a
 * block of zeros in front and demanding it back binds the box to one key (Albertini et al., "How to
 * Abuse and Fix Authenticated Encryption Without Key Commitment", USENIX Security 2022, 5.3) with
 * half of its bits: 128.
 */
const COMMITMENT_BYTES = 32;

export const OVERHEAD_BYTES = BODY_AT + COMMITMENT_BYTES + TAG_BYTES;

const SCRATCH_BYTES = 4096;
const scratch = Buffer.alloc(SCRATCH_BYTES);
const scratchViews: Uint8Array[] = [];
const nonce = Buffer.alloc(NONCE_BYTES);
const nonceHead = nonce.subarray(0, GCM_NONCE_BYTES);
const nonceTail = nonce.subarray(GCM_NONCE_BYTES);
const messageKey = Buffer.alloc(KEY_BYTES);

/** A view of `length` bytes on memory that the next call may use again. */
function scratchOf(length: number): Uint8Array {
  if (length > SCRATCH_BYTES) return Buffer.alloc(length);
  return (scratchViews[length] ??= scratch.subarray(0, length));
}

/**
 * GCM's 96-bit nonces allow 2^32 random messages a key, which one epoch's pointers pass in a day.
 * Half of a 192-bit nonce therefore picks a key for the message, as XAES-256-GCM does.
 */
function gcmKey(key: Uint8Array): Uint8Array {
  sodium.crypto_generichash(messageKey, nonceHead, key);
  return messageKey;
}

/**
 * Seals `plaintext` into `out` at `at`: format, suite, nonce, then the ciphertext of (zeros,
 * plaintext) and its tag; `plaintext.length + OVERHEAD_BYTES` bytes.
 */
export function sealInto(
  out: Uint8Array,
  at: number,
  suite: Suite,
  key: Uint8Array,
  { aad, plaintext }: { readonly aad: Uint8Array; readonly plaintext: Uint8Array },
): void {
  const length = COMMITMENT_BYTES + plaintext.length;
  const message = scratchOf(length);
  message.fill(0, 0, COMMITMENT_BYTES);
  message.set(plaintext, COMMITMENT_BYTES);
  drawInto(nonce, 0, NONCE_BYTES);
  out[at] = FORMAT;
  out[at + 1] = suite;
  out.set(nonce, at + NONCE_AT);
  const body = out.subarray(at + BODY_AT, at + BODY_AT + length + TAG_BYTES);
  if (suite === 1) {
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(body, message, aad, null, nonce, key);
  } else {
    const cipher = createCipheriv('aes-256-gcm', gcmKey(key), nonceTail);
    cipher.setAAD(aad);
    body.set(cipher.update(message), 0);
    cipher.final();
    body.set(cipher.getAuthTag(), length);
  }
  message.fill(0);
}

export function seal(
  suite: Suite,
  key: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Buffer {
  const out = Buffer.allocUnsafeSlow(plaintext.length + OVERHEAD_BYTES);
  sealInto(out, 0, suite, key, { aad, plaintext });
  return out;
}

/** What was sealed; undefined for anything that this key and `aad` did not seal. Never throws. */
export function open(key: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  const length = sealed.length - BODY_AT - TAG_BYTES;
  if (length < COMMITMENT_BYTES || sealed[0] !== FORMAT) return undefined;
  const message = Buffer.allocUnsafeSlow(length);
  nonce.set(sealed.subarray(NONCE_AT, BODY_AT));
  const opened =
    sealed[1] === 1
      ? openXChaCha(message, key, aad, sealed.subarray(BODY_AT))
      : sealed[1] === 2 && openGcm(message, key, aad, sealed.subarray(BODY_AT));
  if (!opened || !startsWithZeros(message)) {
    message.fill(0);
    return undefined;
  }
  return message.subarray(COMMITMENT_BYTES);
}

function openXChaCha(
  message: Uint8Array,
  key: Uint8Array,
  aad: Uint8Array,
  body: Uint8Array,
): boolean {
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(message, null, body, aad, nonce, key);
    return true;
  } catch {
    // libsodium knows one reason only: the tag is not that of this key, nonce and data.
    return false;
  }
}

function openGcm(message: Uint8Array, key: Uint8Array, aad: Uint8Array, body: Uint8Array): boolean {
  const decipher = createDecipheriv('aes-256-gcm', gcmKey(key), nonceTail);
  decipher.setAAD(aad);
  decipher.setAuthTag(body.subarray(message.length));
  message.set(decipher.update(body.subarray(0, message.length)), 0);
  try {
    decipher.final();
    return true;
  } catch {
    // As above: node:crypto rejects a wrong tag here and nothing else.
    return false;
  }
}

function startsWithZeros(message: Uint8Array): boolean {
  let bits = 0;
  for (let i = 0; i < COMMITMENT_BYTES; i += 1) bits |= message[i] ?? 1;
  return bits === 0;
}
