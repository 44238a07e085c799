import { encodeEnvelope } from './envelope.ts';
import type { EventValues, Schemas } from './event-plan.ts';
import type { EventType } from './vocabulary.ts';

/** What the ledger itself has to say; nothing in it is sealed by a tag. */
export interface LedgerStatement {
  readonly type: EventType;
  /** 16 bytes; deterministic where a retry must be recognised. */
  readonly eventId: Uint8Array;
  /** µs since the epoch. */
  readonly occurredAt: number;
  /** The type's own facts by name; those left out are null. */
  readonly values: EventValues;
  /** Required by types that belong to a communication. */
  readonly communicationId?: Uint8Array | undefined;
  readonly accountId?: string | undefined;
  /** Whose communication it speaks of; `ledger` unless told. */
  readonly source?: string | undefined;
}

/** An event as the journal's port takes it. */
export interface LedgerEvent {
  readonly id: Uint8Array;
  readonly type: EventType;
  readonly data: Uint8Array;
  readonly meta: Uint8Array;
}

const domain = { controller: 'operator', retentionClass: 'ledger' } as const;

/**
 * A decision of the ledger (usage, fences, turns, corrections, …), ready to append.
 *
 * @throws EventsError `unencodable` for facts that do not fit the type's .avsc
 */
export function ledgerEvent(schemas: Schemas, statement: LedgerStatement): LedgerEvent {
  const { type, eventId, occurredAt, communicationId } = statement;
  const plan = schemas.plan(type);
  const header = {
    eventId,
    communicationId,
    occurredAt,
    source: statement.source ?? 'ledger',
    accountId: statement.accountId ?? '',
  };
  const date = new Date(occurredAt / 1000);
  return {
    id: eventId,
    type,
    data: plan.encodeFacts(header, { ...plan.blank(), ...statement.values }),
    meta: encodeEnvelope({
      coordinate: { offset: 0, index: 0, last: true },
      fingerprint: plan.fingerprint,
      domain,
      month: (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth(),
      groups: [],
    }),
  };
}
