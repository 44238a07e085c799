export { decodeJson } from './decode-json.ts';
export type { JsonEvent } from './decode-json.ts';
export { decodeStored } from './decode-stored.ts';
export { decodeEnvelope, encodeEnvelope } from './envelope.ts';
export type { Coordinate, Envelope } from './envelope.ts';
export { EventsError } from './errors.ts';
export type { EventsErrorCode, FieldProblem } from './errors.ts';
export type {
  BoxPlan,
  ComputedFact,
  DecodedEvent,
  EventPlan,
  EventReader,
  EventValues,
  FieldValue,
  IdentifierField,
  Schemas,
  StoredEvent,
  StoredFacts,
  StoredHeader,
  StoredRecord,
} from './event-plan.ts';
export { factFlag, factNumber, factText, uuidText } from './facts.ts';
export { schemaFingerprint } from './fingerprint.ts';
export { groupRef, packRef, unpackRef } from './group-ref.ts';
export { ledgerEvent } from './ledger-event.ts';
export type { LedgerEvent, LedgerStatement } from './ledger-event.ts';
export { loadSchemas } from './load-schemas.ts';
export { createRegistryClient } from './registry-client.ts';
export type { RegistryClient, RegistrySettings } from './registry-client.ts';
export { categories, parties, vocabulary } from './vocabulary.ts';
export type { ComputedRule, EventKind, EventShape, EventType, Party } from './vocabulary.ts';
export { createWireDecoder, decodeFingerprinted, fingerprintHeader } from './wire-decoder.ts';
export type { WireDecoder } from './wire-decoder.ts';
