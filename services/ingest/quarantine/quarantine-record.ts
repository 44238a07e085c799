import type { Schemas } from '#events';
import type { Domain } from '#vault';
import { createIdHasher } from '../ids/hash.ts';
import type { Refusal } from '../refusal.ts';
import type { Quarantined } from '../slice.ts';

export const QUARANTINED = 'record.quarantined';
/** How long a refused record can be opened and tried again. */
export const QUARANTINE_US = 30 * 24 * 3_600_000_000;
/** A longer body is not kept: the source has to send it again. */
export const QUARANTINED_BYTES_MAX = 512 * 1024;

const ids = createIdHasher('quarantined', '');

/** Where and when a record was refused. */
export interface RefusedRecord {
  readonly log: string;
  readonly offset: number;
  readonly source: string;
  readonly format: string;
  readonly body: Uint8Array;
  /** The body is only the beginning of what came. */
  readonly isCut: boolean;
  /** When it was received, µs since the epoch: decides the day of its key. */
  readonly at: number;
  readonly domain: Domain;
  /** The account its credential is for. */
  readonly accountId: string | undefined;
  /** What its events are named by where they name nothing; holds no number. */
  readonly nativeId: string | undefined;
  /** Of the writer's schema, where a header told it. */
  readonly fingerprint: Uint8Array | undefined;
}

/** The event that stands for a refused record; its id is its place, never anything it says. */
export function quarantineRecord(
  schemas: Schemas,
  record: RefusedRecord,
  refusal: Refusal,
): Quarantined {
  const plan = schemas.plan(QUARANTINED);
  const { log, offset, source, format, at, domain } = record;
  const id = ids.hash(`${log}#${offset}`);
  const isKept = !record.isCut && record.body.length <= QUARANTINED_BYTES_MAX;
  const body = isKept ? record.body : new Uint8Array(0);
  const values = plan.blank();
  values['reason'] = refusal.reason;
  values['detail'] = isKept
    ? (refusal.detail ?? null)
    : 'the body was too long to keep; the source has to send it again';
  values['format'] = format;
  values['size'] = record.body.length;
  values['recordKey'] = record.nativeId ?? null;
  values['writerFingerprint'] =
    record.fingerprint === undefined ? null : fingerprintOf(record.fingerprint);
  return {
    plan,
    domain,
    refusal,
    body: { id, at, body },
    facts(sealed) {
      values['sealed'] = isKept ? sealed : null;
      return plan.encodeFacts(
        {
          eventId: id,
          communicationId: id,
          source,
          occurredAt: at,
          accountId: record.accountId ?? '',
        },
        values,
      );
    },
  };
}

/** Eight bytes, or sixteen hex digits as text; whatever else stood in the header is not kept. */
function fingerprintOf(header: Uint8Array): string | null {
  const bytes = Buffer.from(header);
  const isText = bytes.length === 16 && /^[0-9a-f]{16}$/i.test(bytes.toString('latin1'));
  return bytes.length === 8 || isText ? bytes.toString('hex') : null;
}
