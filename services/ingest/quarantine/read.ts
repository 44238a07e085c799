import type { Schemas, StoredEvent } from '#events';
import { decodeStored, factNumber, factText } from '#events';
import type { Journal } from '#journal';
import type { Access, Reader } from '#vault';
import { IngestError } from '../errors.ts';
import { QUARANTINE_US, QUARANTINED } from './quarantine-record.ts';

/** A record in quarantine, its body sealed. */
export interface QuarantinedRecord {
  /** 32 hex digits. */
  readonly id: string;
  readonly log: string;
  readonly position: number;
  readonly source: string;
  /** When it was received, µs since the epoch. */
  readonly at: number;
  readonly reason: string;
  readonly detail: string | undefined;
  readonly format: string;
  readonly size: number;
  readonly sealed: Uint8Array | undefined;
  /** The account its credential was for. */
  readonly accountId: string | undefined;
  readonly nativeId: string | undefined;
  /** The header that named the writer's schema. */
  readonly fingerprint: Uint8Array | undefined;
  readonly event: StoredEvent;
}

export function isExpired(record: Pick<QuarantinedRecord, 'at'>, now: number): boolean {
  return now - record.at > QUARANTINE_US;
}

/** @throws IngestError `not_in_quarantine` */
export async function readQuarantined(
  { journal, schemas }: { readonly journal: Journal; readonly schemas: Schemas },
  place: { readonly log: string; readonly position: number },
): Promise<QuarantinedRecord> {
  const [recorded] = await journal.readAt(place.log, [place.position]);
  if (recorded === undefined || recorded.type !== QUARANTINED) {
    throw new IngestError(
      'not_in_quarantine',
      'there is no quarantined record at this place; list them again',
    );
  }
  return asQuarantined(decodeStored(schemas, recorded));
}

export function asQuarantined(event: StoredEvent): QuarantinedRecord {
  const { facts, log, position } = event;
  const { sealed } = facts;
  const fingerprint = factText(facts, 'writerFingerprint');
  return {
    id: facts.eventId,
    log,
    position,
    source: facts.source,
    at: facts.occurredAt,
    reason: factText(facts, 'reason') ?? 'undecodable',
    detail: factText(facts, 'detail') ?? undefined,
    format: factText(facts, 'format') ?? 'tollbook',
    size: factNumber(facts, 'size') ?? 0,
    sealed: sealed instanceof Uint8Array ? sealed : undefined,
    accountId: facts.accountId === '' ? undefined : facts.accountId,
    nativeId: factText(facts, 'recordKey'),
    fingerprint: fingerprint === undefined ? undefined : Buffer.from(fingerprint, 'hex'),
    event,
  };
}

/** All quarantined records of a log, in order; the view of them is what people page through. */
export async function* listQuarantined(
  { journal, schemas }: { readonly journal: Journal; readonly schemas: Schemas },
  log: string,
): AsyncGenerator<QuarantinedRecord> {
  for await (const batch of journal.readLog(log, 0, 1_000)) {
    for (const recorded of batch) {
      if (recorded.type === QUARANTINED) yield asQuarantined(decodeStored(schemas, recorded));
    }
  }
}

/**
 * The record as it came. The access record is appended first.
 *
 * @throws IngestError `quarantine_expired`, `quarantine_unreadable`
 */
export async function openQuarantined(
  reader: Pick<Reader, 'openQuarantined'>,
  record: QuarantinedRecord,
  { access, now }: { readonly access: Access; readonly now: number },
): Promise<Uint8Array> {
  if (isExpired(record, now) || record.sealed === undefined) throw expired();
  const id = Buffer.from(record.id, 'hex');
  const [opened] = await reader.openQuarantined(access, [{ id, sealed: record.sealed }]);
  if (opened?.state === 'open') return opened.plaintext;
  if (opened?.state === 'shredded') throw expired();
  throw new IngestError(
    'quarantine_unreadable',
    opened?.state === 'unavailable'
      ? 'the key of the record is not available just now; try again'
      : 'the record cannot be opened though its key was never destroyed; tell whoever keeps the vault',
  );
}

function expired(): IngestError {
  return new IngestError(
    'quarantine_expired',
    'the record was kept for 30 days, or was too long to keep; only its source can send it again',
  );
}
