import type { Client } from '#platform';
import { open, seal } from '../boxes/aead.ts';
import { deriveKey, identifierTag } from '../boxes/derive.ts';
import { VaultError } from '../port.ts';
import { ask } from '../statements.ts';

/** What is known of an identifier whatever the month. */
export interface Mark {
  readonly restricted: boolean;
  /** µs: what occurred before is journaled with facts alone; later begins a new subject. */
  readonly erasedAt?: number;
}

export interface MarkKeys {
  readonly entry: Buffer;
  readonly tag: Buffer;
  readonly value: Buffer;
}

export function markKeys(entry: Buffer, key: Uint8Array): MarkKeys {
  return { entry, tag: deriveKey(key, 'mark tag'), value: deriveKey(key, 'mark value') };
}

const LOCK = 'tollbook vault marks';
const VALUE_BYTES = 9;
const NOT_ERASED = -1;

/**
 * First sightings hold this lock, shared, from before they read the marks until their rows are
 * committed (`vault.marks_under_lock`); setting a mark takes it alone. So whoever collects a person's
 * slots after the mark was set finds every slot that was made without knowing of it.
 */
async function lockMarks(client: Client): Promise<void> {
  await ask(client, {
    name: 'vault-lock-marks',
    text: 'select pg_advisory_xact_lock(hashtext($1))',
    values: [LOCK],
  });
}

/** Where the mark of an identifier stands. */
export const markTag = (keys: MarkKeys, identifierKey: string): Buffer =>
  identifierTag(keys.tag, identifierKey);

/** Sets a mark, replacing an earlier one, in the transaction of `client`. */
export async function writeMark(
  client: Client,
  keys: MarkKeys,
  identifierKey: string,
  mark: Mark,
): Promise<void> {
  await lockMarks(client);
  const tag = markTag(keys, identifierKey);
  const bytes = Buffer.alloc(VALUE_BYTES);
  bytes.writeUInt8(mark.restricted ? 1 : 0);
  bytes.writeDoubleBE(mark.erasedAt ?? NOT_ERASED, 1);
  await ask(
    client,
    `insert into vault.mark (directory, tag, sealed) values ($1, $2, $3)
     on conflict (directory, tag) do update set sealed = excluded.sealed`,
    [keys.entry, tag, seal(1, keys.value, tag, bytes)],
  );
}

/** @throws VaultError `tampered` */
export function openMark(keys: MarkKeys, tag: Buffer, sealed: Buffer): Mark {
  const bytes = open(keys.value, tag, sealed);
  if (bytes?.length !== VALUE_BYTES) {
    throw new VaultError(
      'tampered',
      'a mark does not open under its key: it was changed outside tollbook; restore the vault',
    );
  }
  const erasedAt = bytes.readDoubleBE(1);
  return { restricted: bytes[0] === 1, ...(erasedAt === NOT_ERASED ? {} : { erasedAt }) };
}
