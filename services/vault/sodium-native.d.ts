/** The part of sodium-native that the vault uses; the package ships no types. */
declare module 'sodium-native' {
  type Bytes = Uint8Array;

  /** ciphertext, message, associated data, (unused), nonce, key */
  type Encrypt = [Bytes, Bytes, Bytes | null, null, Bytes, Bytes];
  /** message, (unused), ciphertext, associated data, nonce, key */
  type Decrypt = [Bytes, null, Bytes, Bytes | null, Bytes, Bytes];

  const sodium: {
    sodium_malloc(size: number): Buffer;
    sodium_free(buffer: Buffer): void;
    sodium_memzero(buffer: Bytes): void;
    randombytes_buf(buffer: Bytes): void;
    crypto_generichash(output: Bytes, input: Bytes, key?: Bytes): void;
    crypto_aead_xchacha20poly1305_ietf_encrypt(...args: Encrypt): number;
    /** Throws when the tag does not verify. */
    crypto_aead_xchacha20poly1305_ietf_decrypt(...args: Decrypt): number;
    /** output, input, nonce, block counter, key: the stream alone, without its tag. */
    crypto_stream_xchacha20_xor_ic(
      output: Bytes,
      input: Bytes,
      nonce: Bytes,
      counter: number,
      key: Bytes,
    ): void;
  };
  export default sodium;
}
