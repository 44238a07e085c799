import sodium from 'sodium-native';

const ID_BYTES = 16;
const SCRATCH_BYTES = 4096;

/** BLAKE2b-128 (RFC 7693) of one id at a time; the key, where there is one, has 32 bytes. */
export interface IdHasher {
  /** Of `native` within this hasher's scope. */
  hash(native: string, key?: Uint8Array): Uint8Array;
}

/**
 * Ids scoped to what `scope` names: the same native id under another source or of another kind is
 * another id. Parts are length-prefixed, so no two pairs of parts read the same.
 */
export function createIdHasher(kind: string, scope: string): IdHasher {
  const head = Buffer.from(`${kind}\0${Buffer.byteLength(scope)}\0${scope}\0`);
  const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  head.copy(scratch);

  return {
    hash(native, key) {
      const input =
        head.length + native.length * 3 <= SCRATCH_BYTES
          ? scratch.subarray(0, head.length + scratch.write(native, head.length))
          : Buffer.concat([head, Buffer.from(native)]);
      return blake2b128(input, key);
    },
  };
}

export function blake2b128(input: Uint8Array, key?: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(ID_BYTES);
  const bytes = Buffer.isBuffer(input)
    ? input
    : Buffer.from(input.buffer, input.byteOffset, input.length);
  if (key === undefined) sodium.crypto_generichash(out, bytes);
  else sodium.crypto_generichash(out, bytes, Buffer.from(key.buffer, key.byteOffset, key.length));
  return out;
}
