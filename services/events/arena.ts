/**
 * Hands out pieces of large buffers, so that a batch of small byte strings costs one allocation. A
 * piece is never handed out twice; the whole is freed with its last piece.
 */
export class Arena {
  readonly #size: number;
  /** Where the next piece is written; `reserve` makes it large enough. */
  buffer: Buffer;
  at = 0;

  constructor(size: number) {
    this.#size = size;
    this.buffer = Buffer.allocUnsafeSlow(size);
  }

  /** Makes room for a piece of up to `length` bytes at `at`. */
  reserve(length: number): void {
    if (this.at + length <= this.buffer.length) return;
    this.buffer = Buffer.allocUnsafeSlow(Math.max(this.#size, length));
    this.at = 0;
  }

  /** The piece from `at` to `end`. */
  cut(end: number): Buffer {
    const piece = this.buffer.subarray(this.at, end);
    this.at = end;
    return piece;
  }
}
