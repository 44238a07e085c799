import type { NewEvent } from './port.ts';
import { JournalError } from './port.ts';

/**
 * Cuts a slice that is too large to be appended at once, after events that complete a source record,
 * so that whatever part of it becomes durable is whole records. A slice that fits is one piece.
 *
 * @throws JournalError `too_large` when one record alone is over `maxBytes`.
 */
export function cutIntoPieces(
  events: readonly NewEvent[],
  maxBytes: number,
  sizeOf: (event: NewEvent) => number = dataAndMeta,
): (readonly NewEvent[])[] {
  const pieces: (readonly NewEvent[])[] = [];
  let start = 0;
  let border = 0;
  let bytes = 0;
  let bytesAtBorder = 0;
  for (let i = 0; i < events.length; i += 1) {
    const event = events[i];
    if (event === undefined) break;
    bytes += sizeOf(event);
    if (bytes > maxBytes && border > start) {
      pieces.push(events.slice(start, border));
      start = border;
      bytes -= bytesAtBorder;
    }
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    if (event.resume !== undefined) {
      border = i + 1;
      bytesAtBorder = bytes;
    }
  }
  pieces.push(start === 0 ? events : events.slice(start));
  return pieces;
}

function dataAndMeta(event: NewEvent): number {
  return event.data.length + event.meta.length;
}

function tooLarge(maxBytes: number): JournalError {
  return new JournalError(
    'too_large',
    `a record's events are over the ${maxBytes} bytes this store appends at once; nothing was written, ` +
      'quarantine the record or make it smaller',
  );
}
