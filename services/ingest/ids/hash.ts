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
  /** The scratch buffer's beginnings by length: ids have few lengths, and a view costs as much as a hash. */
  const views: (Buffer | undefined)[] = [];

  const view = (length: number): Buffer => (views[length] ??= scratch.subarray(0, length));

  return {
    hash(native, key) {
      const most = head.length + native.length * 3;
      if (most > SCRATCH_BYTES) return blake2b128(Buffer.concat([head, Buffer.from(native)]), key);
      return blake2b128(view(head.length + put(scratch, head.length, native)), key);
    },
  };
}

/** Writes the text as UTF-8 and returns its length; plain ASCII without a native call. */
function put(buffer: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 127) return buffer.write(text, at);
    buffer[at + index] = unit;
  }
  return text.length;
}

export function blake2b128(input: Uint8Array, key?: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(ID_BYTES);
  if (key === undefined) sodium.crypto_generichash(out, asBuffer(input));
  else sodium.crypto_generichash(out, asBuffer(input), asBuffer(key));
  return out;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
