import type { Category } from '#vault';
import type { Envelope } from './envelope.ts';
import type { JsonFields } from './json-fields.ts';
import type { ComputedRule, EventShape, IdentifierKind, Party } from './vocabulary.ts';

/**
 * What a field can hold once decoded. Longs are numbers below 2^53, time stamps are µs since the
 * epoch, an absent optional field is `null`.
 */
export type FieldValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly FieldValue[]
  | { readonly [key: string]: FieldValue };

/** Every field of an event's .avsc by name; mutable, because ingest normalises in place. */
export type EventValues = Record<string, FieldValue>;

/** An event as its writer sent it, not yet scoped to its source, sealed or stored. */
export interface DecodedEvent {
  readonly plan: EventPlan;
  readonly values: EventValues;
}

/** The header in the form the journal keeps: ids scoped to the source, 16 bytes each. */
export interface StoredHeader {
  readonly eventId: Uint8Array;
  /** Absent only for types whose .avsc has no `communicationId`. */
  readonly communicationId?: Uint8Array | undefined;
  /** The id under last month's id key, in a month's first days. */
  readonly alsoCommunicationId?: Uint8Array | undefined;
  /** What the credential or topic fixed; never taken from the body. */
  readonly source: string;
  /** The label the switch gives itself (`source` in its own record). */
  readonly switch?: string | undefined;
  readonly sourceSequence?: number | undefined;
  /** µs since the epoch. */
  readonly occurredAt: number;
  readonly observedAt?: number | undefined;
  readonly legId?: string | undefined;
  readonly accountId: string;
}

/** One box an event can have: the fields of one party and category. */
export interface BoxPlan {
  readonly index: number;
  readonly party: Party;
  readonly category: Category;
  readonly fields: readonly string[];
  /** The field of this very box that names its person. */
  readonly identifierField: string | undefined;
  /**
   * The fields (of whichever box) that name the persons this box depends on: its party's own, or for
   * `all` those of every party of the event. Empty when nobody is named.
   */
  readonly identifiers: readonly IdentifierField[];
}

export interface IdentifierField {
  readonly field: string;
  readonly party: Party;
  readonly kind: IdentifierKind;
}

/** A fact that ingest computes while the personal field is in hand. */
export interface ComputedFact {
  readonly field: string;
  readonly from: string;
  readonly rule: ComputedRule;
}

/** Everything known of one event type, compiled once from its .avsc. */
export interface EventPlan {
  readonly type: string;
  readonly shape: EventShape;
  /**
   * CRC-64-AVRO (8 bytes, little-endian) of the stored schema: the facts record and every box
   * record. Goes into the envelope and into the vault's authenticated data.
   */
  readonly fingerprint: Uint8Array;
  readonly boxes: readonly BoxPlan[];
  readonly computed: readonly ComputedFact[];
  /**
   * Fields besides `communicationId` that name a communication (tag `tollbook.id`): ingest replaces
   * the writer's string by the 16 scoped bytes before `encodeFacts`.
   */
  readonly ids: readonly string[];
  /** Whether the stored form has `communicationId`. */
  readonly hasCommunication: boolean;
  /** A fresh record with every field at its default (`null` for required ones). */
  blank(): EventValues;
  /** The stored facts. Computed facts are what `values` holds now; party fields are left out. */
  encodeFacts(header: StoredHeader, values: EventValues): Uint8Array;
  /**
   * The plaintext of one box, padded so that boxes of numbers have one length; undefined when the
   * event has none of its fields.
   */
  encodeBox(box: BoxPlan, values: EventValues): Uint8Array | undefined;
}

/** Facts as stored. Ids are 32 lower-case hex digits: keys of maps and `uuid` parameters alike. */
export interface StoredFacts {
  readonly eventId: string;
  /** Empty string for types that belong to no communication. */
  readonly communicationId: string;
  readonly alsoCommunicationId: string | null;
  readonly source: string;
  readonly switch: string | null;
  readonly sourceSequence: number | null;
  readonly occurredAt: number;
  readonly observedAt: number | null;
  readonly legId: string | null;
  readonly accountId: string;
  /** The type's own facts, in the form of the newest .avsc. */
  readonly [fact: string]: FieldValue;
}

/** What `decodeStored` reads; the journal's RecordedEvent has it all. */
export interface StoredRecord {
  readonly log: string;
  readonly position: number;
  readonly recordedAt: number;
  readonly type: string;
  readonly data: Uint8Array;
  readonly meta: Uint8Array;
}

/** An event read back from the journal. Boxes are still sealed. */
export interface StoredEvent {
  readonly type: string;
  readonly shape: EventShape;
  readonly log: string;
  readonly position: number;
  readonly recordedAt: number;
  readonly facts: StoredFacts;
  readonly envelope: Envelope;
}

/** Decodes what one writer schema wrote into the newest form of its type. */
export interface EventReader {
  readonly plan: EventPlan;
  /**
   * Decodes `bytes` from `offset` exactly to the end. Computed facts come back as `null`.
   *
   * @throws EventsError `undecodable`; `invalid_event` for a value outside its closed set
   */
  decode(bytes: Uint8Array, offset?: number): EventValues;
}

export interface Schemas {
  types(): readonly EventPlan[];
  /** @throws EventsError `unknown_type` */
  plan(type: string): EventPlan;
  find(type: string): EventPlan | undefined;
  /**
   * The reader for a writer's schema (JSON text or parsed), built once for each schema.
   *
   * @throws EventsError `bad_schema` when it is no Avro or cannot be read as its type,
   * `unknown_type` when its name is no type of the vocabulary.
   */
  readerFor(writerSchema: string | object): EventReader;
  /** By CRC-64-AVRO of the writer's schema, for every version in `schemas/` and `schemas/released/`. */
  readerByFingerprint(fingerprint: Uint8Array): EventReader | undefined;
  /** How the fields of a type read from JSON; `decodeJson` uses it. */
  jsonFields(type: string): JsonFields | undefined;
  /** @throws EventsError `unknown_type`, `unknown_schema` or `corrupt_event` */
  decodeFacts(type: string, fingerprint: Uint8Array, data: Uint8Array): StoredFacts;
  /**
   * An opened box, field by field (only those it holds), by the schema it was written in.
   *
   * @throws EventsError `unknown_schema` or `corrupt_event`
   */
  decodeBox(
    type: string,
    fingerprint: Uint8Array,
    party: string,
    category: Category,
    plaintext: Uint8Array,
  ): EventValues;
}
