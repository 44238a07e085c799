import { hash } from 'node:crypto';

/** The namespace of ids that tollbook gives to native records without ids. */
const NAMESPACE = Buffer.from('5e0d7a3c9b1f4c6e8a2d4f70c3b19e55', 'hex');

/**
 * UUID version 5 (RFC 9562 section 5.5) over the parts, which are joined by U+001F: the event id of
 * a native record that has none, from what its format declares to tell records apart.
 */
export function uuid5(...parts: readonly string[]): string {
  const name = Buffer.from(parts.join('\u001f'));
  const digest = hash('sha1', Buffer.concat([NAMESPACE, name]), 'buffer').subarray(0, 16);
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
