import { decodeEnvelope } from './envelope.ts';
import type { Schemas, StoredEvent, StoredRecord } from './event-plan.ts';

/**
 * Reads an event of the journal in the newest form of its type. Its boxes stay sealed; pointers and
 * boxes are views of `record.meta`.
 *
 * @throws EventsError `unknown_type`, `unknown_schema`, `corrupt_event`
 */
export function decodeStored(schemas: Schemas, record: StoredRecord): StoredEvent {
  const plan = schemas.plan(record.type);
  const envelope = decodeEnvelope(record.meta);
  return {
    type: plan.type,
    shape: plan.shape,
    log: record.log,
    position: record.position,
    recordedAt: record.recordedAt,
    facts: schemas.decodeFacts(plan.type, envelope.fingerprint, record.data),
    envelope,
  };
}
