/** The part of sodium-native that the vault uses; the package ships no types. */
declare module 'sodium-native' {
  type Bytes = Uint8Array;

  export function sodium_malloc(size: number): Buffer;
  export function sodium_free(buffer: Buffer): void;
  export function sodium_memzero(buffer: Bytes): void;
  export function sodium_memcmp(a: Bytes, b: Bytes): boolean;
  export function randombytes_buf(buffer: Bytes): void;
  export function crypto_generichash(output: Bytes, input: Bytes, key?: Bytes): void;
  export function crypto_aead_xchacha20poly1305_ietf_encrypt(
    ciphertext: Bytes,
    message: Bytes,
    aad: Bytes | null,
    secretNonce: null,
    nonce: Bytes,
    key: Bytes,
  ): number;
  /** Throws when the tag does not verify. */
  export function crypto_aead_xchacha20poly1305_ietf_decrypt(
    message: Bytes,
    secretNonce: null,
    ciphertext: Bytes,
    aad: Bytes | null,
    nonce: Bytes,
    key: Bytes,
  ): number;
  export function crypto_stream_xchacha20_xor_ic(
    output: Bytes,
    input: Bytes,
    nonce: Bytes,
    counter: number,
    key: Bytes,
  ): void;

  const sodium: {
    sodium_malloc: typeof sodium_malloc;
    sodium_free: typeof sodium_free;
    sodium_memzero: typeof sodium_memzero;
    sodium_memcmp: typeof sodium_memcmp;
    randombytes_buf: typeof randombytes_buf;
    crypto_generichash: typeof crypto_generichash;
    crypto_aead_xchacha20poly1305_ietf_encrypt: typeof crypto_aead_xchacha20poly1305_ietf_encrypt;
    crypto_aead_xchacha20poly1305_ietf_decrypt: typeof crypto_aead_xchacha20poly1305_ietf_decrypt;
    crypto_stream_xchacha20_xor_ic: typeof crypto_stream_xchacha20_xor_ic;
  };
  export default sodium;
}
