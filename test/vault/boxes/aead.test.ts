import { createCipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import sodium from 'sodium-native';
import { describe, expect, it } from 'vitest';
import type { Suite } from '../../../services/vault/boxes/aead.ts';
import { open, OVERHEAD_BYTES, seal } from '../../../services/vault/boxes/aead.ts';
import { deriveBoxKeys, identifierTag } from '../../../services/vault/boxes/derive.ts';
import { paddedLength, padInto, unpad } from '../../../services/vault/boxes/padding.ts';

const bytes = (max = 600) => fc.uint8Array({ maxLength: max });
const key = randomBytes(32);
const aad = Buffer.from('what it belongs to');

describe.each([1, 2] satisfies Suite[])('suite %i', (suite) => {
  it('opens what it sealed, and only with the same key and authenticated data', () => {
    fc.assert(
      fc.property(bytes(6000), bytes(60), (plaintext, data) => {
        const sealed = seal(suite, key, data, plaintext);
        expect(sealed).toHaveLength(plaintext.length + OVERHEAD_BYTES);
        expect(open(key, data, sealed)).toEqual(Buffer.from(plaintext));
        expect(open(randomBytes(32), data, sealed)).toBeUndefined();
        expect(open(key, Buffer.concat([data, Buffer.of(0)]), sealed)).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  it('answers undefined for anything changed, cut or made up, and never throws', () => {
    const sealed = seal(suite, key, aad, Buffer.from('+447700900001'));
    for (let i = 0; i < sealed.length; i += 1) {
      const changed = Buffer.from(sealed);
      changed[i] = (changed[i] ?? 0) ^ 0x20;
      expect(open(key, aad, changed), `byte ${i}`).toBeUndefined();
      expect(open(key, aad, sealed.subarray(0, i)), `cut at ${i}`).toBeUndefined();
    }
    fc.assert(fc.property(bytes(200), (noise) => open(key, aad, noise) === undefined));
  });

  it('commits to its key: bytes whose tag fits but that do not begin with zeros stay closed', () => {
    // Sealed without the block of zeros, as only a forger with the key could.
    const honest = seal(suite, key, aad, Buffer.alloc(0));
    expect(open(key, aad, honest)).toHaveLength(0);
    expect(open(key, aad, withoutCommitment(suite))).toBeUndefined();
  });

  it('shares no bytes between two boxes of the same plaintext beyond version and suite', () => {
    const boxes = Array.from({ length: 400 }, () => seal(suite, key, aad, Buffer.alloc(32)));
    const runs = new Set<string>();
    for (const box of boxes) {
      for (let at = 2; at + 8 <= box.length; at += 1) {
        const run = box.toString('latin1', at, at + 8);
        expect(runs.has(run)).toBe(false);
        runs.add(run);
      }
    }
    expect(new Set(boxes.map((box) => box.toString('hex', 0, 2))).size).toBe(1);
  });
});

/** A box with a correct tag whose plaintext begins with a one where the zeros should be. */
function withoutCommitment(suite: Suite): Buffer {
  const nonce = randomBytes(24);
  const message = Buffer.alloc(40);
  message[0] = 1;
  const body = Buffer.alloc(message.length + 16);
  if (suite === 1) {
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(body, message, aad, null, nonce, key);
  } else {
    const messageKey = Buffer.alloc(32);
    sodium.crypto_generichash(messageKey, nonce.subarray(0, 12), key);
    const cipher = createCipheriv('aes-256-gcm', messageKey, nonce.subarray(12));
    cipher.setAAD(aad);
    body.set(Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]));
  }
  return Buffer.concat([Buffer.of(1, suite), nonce, body]);
}

describe('padding', () => {
  it('is taken off exactly, and gives all numbers one length', () => {
    fc.assert(
      fc.property(bytes(), (plaintext) => {
        const padded = Buffer.alloc(paddedLength(plaintext.length), 0xff);
        padInto(padded, plaintext);
        expect(unpad(padded)).toEqual(Buffer.from(plaintext));
      }),
    );
    const lengths = new Set(Array.from({ length: 31 }, (_, digits) => paddedLength(digits)));
    expect(lengths).toEqual(new Set([32]));
    expect(unpad(Buffer.alloc(32))).toBeUndefined();
  });
});

describe('the key schedule', () => {
  const scope = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it('gives another box key when any one scope key, their number or their order differs', () => {
    fc.assert(
      fc.property(fc.array(scope, { maxLength: 8 }), scope, scope, (slots, epoch, account) => {
        const base = derive(slots, epoch, account);
        const other = Buffer.from(randomBytes(32));
        const changed = [
          derive(slots, other, account),
          derive(slots, epoch, other),
          ...slots.map((_, i) => derive(slots.toSpliced(i, 1, other), epoch, account)),
          ...slots.map((_, i) => derive(slots.toSpliced(i, 1), epoch, account)),
          derive([...slots.slice(0, 7), other], epoch, account),
        ];
        for (const one of changed) expect(one.equals(base)).toBe(false);
        expect(derive(slots, epoch, account)).toEqual(base);
      }),
    );
  });
});

describe('the tag of an identifier', () => {
  it('differs for identifiers that differ only at the end, however long they are', () => {
    for (const length of [1, 100, 170, 171, 600, 5000]) {
      const text = 'é'.repeat(length);
      expect(identifierTag(key, `${text}a`)).not.toEqual(identifierTag(key, `${text}b`));
      expect(identifierTag(key, text)).toEqual(identifierTag(key, text));
    }
  });
});

function derive(slots: Uint8Array[], epoch: Uint8Array, account: Uint8Array): Buffer {
  const out = Buffer.alloc(64);
  deriveBoxKeys(out, slots, epoch, account);
  return out;
}
