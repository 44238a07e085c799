import sodium from 'sodium-native';

/** Random bytes are drawn from the kernel in blocks of this size and handed out once. */
const BLOCK_BYTES = 24 * 1024;

const block = Buffer.alloc(BLOCK_BYTES);
let used = BLOCK_BYTES;

/** Copies `count` (at most 24 KiB) fresh random bytes to `target` at `at`; no byte is used twice. */
export function drawInto(target: Uint8Array, at: number, count: number): void {
  if (used + count > BLOCK_BYTES) {
    sodium.randombytes_buf(block);
    used = 0;
  }
  for (let i = 0; i < count; i += 1) {
    const from = used + i;
    target[at + i] = block[from] ?? 0;
    // What was a key must not stay readable here.
    block[from] = 0;
  }
  used += count;
}

/** Fresh random bytes of their own, straight from the kernel. */
export function randomBytes(count: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(count);
  sodium.randombytes_buf(bytes);
  return bytes;
}
