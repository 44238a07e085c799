import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sodium from 'sodium-native';
import type { Pool } from '#platform';

/**
 * Every byte string that was ever sent to the database, committed or not: what heap, WAL, dead
 * tuples and old copies can hold at most.
 */
export interface Recorded {
  readonly blobs: Map<string, Buffer>;
}

export function recordWrites(...pools: readonly Pool[]): Recorded {
  const blobs = new Map<string, Buffer>();
  const note = (value: unknown): void => {
    if (value instanceof Uint8Array) {
      const bytes = Buffer.from(value);
      blobs.set(bytes.toString('latin1'), bytes);
    } else if (Array.isArray(value)) {
      value.forEach(note);
    } else if (typeof value === 'object' && value !== null && 'values' in value) {
      note(value.values);
    }
  };
  for (const pool of pools) {
    pool.on('connect', (client) => {
      const query = client.query.bind(client);
      Object.assign(client, {
        query: (...args: Parameters<typeof query>) => {
          note([...args]);
          return query(...args);
        },
      });
    });
  }
  return { blobs };
}

const NONCE_AT = 2;
const BODY_AT = 26;
const ZEROS = 32;
const TAG = 16;

/** The bytes if `key` decrypts them, whatever the authenticated data was: the zero block tells. */
function decrypt(key: Buffer, blob: Buffer): Buffer | undefined {
  if (blob.length < BODY_AT + ZEROS + TAG) return undefined;
  const nonce = blob.subarray(NONCE_AT, BODY_AT);
  const head = Buffer.alloc(ZEROS);
  sodium.crypto_stream_xchacha20_xor_ic(
    head,
    blob.subarray(BODY_AT, BODY_AT + ZEROS),
    nonce,
    1,
    key,
  );
  if (head.some((byte) => byte !== 0)) return undefined;
  const body = blob.subarray(BODY_AT, blob.length - TAG);
  const plain = Buffer.alloc(body.length);
  sodium.crypto_stream_xchacha20_xor_ic(plain, body, nonce, 1, key);
  return plain.subarray(ZEROS);
}

/** Anything in opened bytes that could be a key, by the lengths of the tree's pages. */
function keysIn(plain: Buffer): { keys: Buffer[]; entries: Buffer[] } {
  const stride = (width: number, at: number) =>
    plain.length > 0 && plain.length % width === 0
      ? Array.from({ length: plain.length / width }, (_, i) =>
          plain.subarray(i * width + at, i * width + at + 32),
        )
      : [];
  const entries = [...stride(41, 9), ...(plain.length === 33 ? [plain.subarray(1)] : [])];
  const keys = [...stride(40, 8), ...(plain.length === 32 ? [plain] : [])];
  return { keys: [...keys, ...entries], entries };
}

/**
 * What an attacker gets who holds `roots` and every byte ever written: all keys of entries, as hex.
 * Tries every key that was found on every blob that is still closed, until nothing new opens.
 */
export function attack(roots: readonly Buffer[], recorded: Recorded): Set<string> {
  const closed = new Map(recorded.blobs);
  const tried = new Set<string>();
  const entries = new Set<string>();
  const queue = [...roots];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    const name = key.toString('hex');
    if (tried.has(name)) continue;
    tried.add(name);
    for (const [text, blob] of closed) {
      const plain = decrypt(key, blob);
      if (plain === undefined) continue;
      closed.delete(text);
      const found = keysIn(plain);
      queue.push(...found.keys);
      for (const entry of found.entries) entries.add(entry.toString('hex'));
    }
  }
  return entries;
}

/** Root keys as they lie in the custodian's folder now. */
export async function liveRoots(folder: string): Promise<Buffer[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.key'));
  return Promise.all(
    files.map(async (file) => (await readFile(join(folder, file))).subarray(16, 48)),
  );
}
