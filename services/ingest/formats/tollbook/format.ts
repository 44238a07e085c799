import { decodeJson } from '#events';
import { Refusal } from '../../refusal.ts';
import type { Format } from '../format.ts';

/** tollbook's own events as JSON: `{"type":"call.initiated", ...}`, one a record. */
export const tollbookFormat: Format = {
  name: 'tollbook',
  framing: 'lines',
  precedence: 0,
  discriminator: 'eventId; without one, the place of the record in its stream',
  decode: (bytes, { schemas }) => [decodeJson(schemas, parseJson(bytes))],
};

/** @throws Refusal `undecodable` */
export function parseJson(bytes: Uint8Array): unknown {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    return JSON.parse(buffer.toString('utf8'));
  } catch {
    // The parser's own message quotes the text, so it goes no further.
    throw new Refusal('undecodable', 'the record is no JSON');
  }
}
