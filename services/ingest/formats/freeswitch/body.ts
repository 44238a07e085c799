import { Refusal } from '../../refusal.ts';

const BRACE = 123;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
/** A string, or a bare word that C prints for a float and JSON does not know. */
const STRING_OR_NAN = /"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf(?:inity)?)\b/gi;

/**
 * The record in any of the forms mod_json_cdr sends (parameter `encode`): JSON; a form with
 * `cdr=` and URL-encoded JSON; the same with base64.
 *
 * @throws Refusal `undecodable`
 */
export function parseBody(bytes: Uint8Array): Record<string, unknown> {
  const value = parseLenient(unwrap(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)));
  if (!isRecord(value)) throw new Refusal('undecodable', 'a FreeSWITCH record is a JSON object');
  return value;
}

function unwrap(body: Buffer): string {
  if (body[0] === BRACE) return body.toString('utf8');
  const text = body.toString('utf8').trim();
  if (text.startsWith('{')) return text;
  const field = /(?:^|&)cdr=([^&]*)/.exec(text)?.[1] ?? text;
  // A form may hold the JSON as it is, which is no valid form, or base64, whose + and / forms keep.
  if (field.startsWith('{')) return text.slice(text.indexOf('{'));
  const decoded = decodeForm(field);
  if (decoded.trimStart().startsWith('{')) return decoded;
  const packed = decodePercent(field).replace(/\s/g, '');
  if (BASE64.test(packed)) {
    const unpacked = Buffer.from(packed, 'base64').toString('utf8');
    if (unpacked.trimStart().startsWith('{')) return unpacked;
  }
  throw new Refusal(
    'undecodable',
    'the body is neither JSON nor a form whose field cdr holds JSON or base64',
  );
}

function decodeForm(text: string): string {
  return decodePercent(text.replaceAll('+', ' '));
}

/** Percent-decoding that leaves alone what is no valid encoding. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseLenient(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseWithoutNan(text);
  }
}

function parseWithoutNan(text: string): unknown {
  try {
    return JSON.parse(
      text.replace(STRING_OR_NAN, (token) => (token.startsWith('"') ? token : 'null')),
    );
  } catch {
    // The parser's own message quotes the text, so it goes no further.
    throw new Refusal('undecodable', 'the record is no JSON');
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
