import type { Hmac } from 'node:crypto';
import { createHmac } from 'node:crypto';
import { createReadStream } from 'node:fs';

const SAMPLE_BYTES = 1024 * 1024;

/**
 * Names a file by its content under each of the keys: a month's id key, since a plain digest of a
 * small file would be a digest of the numbers in it.
 */
export async function contentIds(
  path: string,
  keys: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<string[]> {
  const hashes: Hmac[] = keys.map((key) => createHmac('sha256', key).update('tollbook file\0'));
  const options = { highWaterMark: SAMPLE_BYTES, ...(signal === undefined ? {} : { signal }) };
  for await (const chunk of createReadStream(path, options)) {
    for (const hash of hashes) hash.update(chunk);
  }
  return hashes.map((hash) => hash.digest('hex').slice(0, 32));
}
