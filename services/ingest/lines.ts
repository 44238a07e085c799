/** A line of a stream, without its line end. */
export interface Line {
  readonly bytes: Buffer;
  /** Bytes of the stream before the line, and before the next one. */
  readonly from: number;
  readonly to: number;
  /** Longer than was allowed: `bytes` holds its beginning. */
  readonly isTooLong: boolean;
}

const NEWLINE = 10;
const RETURN = 13;

/**
 * Splits chunks at line feeds, in batches of what each chunk completes. Never holds more than a
 * chunk and `longest` bytes. The last line may lack its end.
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  { longest, from = 0 }: { readonly longest: number; readonly from?: number },
): AsyncGenerator<Line[]> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let lineFrom = from;
  let at = from;

  const hold = (part: Buffer): void => {
    // One byte more than allowed tells that it was too long; the rest is passed over.
    const kept = part.subarray(0, Math.max(0, longest + 1 - heldBytes));
    if (kept.length > 0) held.push(kept);
    heldBytes += kept.length;
  };

  const finish = (part: Buffer, to: number): Line => {
    hold(part);
    const whole = held.length === 1 ? (held[0] ?? part) : Buffer.concat(held);
    const line = { bytes: trimReturn(whole), from: lineFrom, to, isTooLong: heldBytes > longest };
    held = [];
    heldBytes = 0;
    lineFrom = to;
    return line;
  };

  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(finish(chunk.subarray(start, end), at + end + 1));
      start = end + 1;
    }
    hold(Buffer.from(chunk.subarray(start)));
    at += chunk.length;
    if (lines.length > 0) yield lines;
  }
  if (heldBytes > 0) yield [finish(Buffer.alloc(0), at)];
}

function trimReturn(line: Buffer): Buffer {
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}

/** Whether there is nothing to read on the line. */
export function isBlank({ bytes }: Line): boolean {
  for (const byte of bytes) {
    if (byte !== 32 && byte !== 9) return false;
  }
  return true;
}
