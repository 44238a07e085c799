import { decodeJson } from '#events';
import { Refusal } from '../../refusal.ts';
import type { Format } from '../format.ts';

/** tollbook's own events as JSON: `{"type":"call.initiated", ...}`, one a record. */
export const tollbookFormat: Format = {
  name: 'tollbook',
  framing: 'lines',
  precedence: 0,
  discriminator: 'eventId; without one, the place of the record in its stream',
  decode(bytes, { schemas, source }) {
    const event = parseJson(bytes);
    if (source.accountId !== undefined && isObject(event)) event['accountId'] ??= source.accountId;
    return [decodeJson(schemas, event)];
  },
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws Refusal `undecodable` */
export function parseJson(bytes: Uint8Array): unknown {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    return JSON.parse(buffer.toString('utf8'));
  } catch {
    // The parser's own message quotes the text, so it goes no further.
    throw new Refusal('undecodable', 'the record is no JSON');
  }
}
