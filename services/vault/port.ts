/**
 * What the rest of tollbook may ask of the vault. Words: a *slot* is a random key for (identifier,
 * domain, month); an *epoch* one for (retention class, category, month); an *account scope* one for
 * (account, category). A *box* is sealed party fields, openable while every scope key it depends on
 * lives; a *pointer* names the slots of an event's boxes of one category, sealed under the epoch key
 * alone.
 */

export type Category = 'traffic' | 'content' | 'usage';

/** Months since January 1970, UTC (2026-11 is 682). */
export type Month = number;

/** Who answers for the data and which retention promise it is under; frozen at ingest. */
export interface Domain {
  /** `operator`, or `account:<id>` for what is only carried for that account. */
  readonly controller: string;
  /** Name of a policy pack, for example `cpaas-eu`. */
  readonly retentionClass: string;
}

/** (namespace, scope, value): `tel` is world-wide (scope ''), `ext` is within its account. */
export interface Identifier {
  readonly namespace: 'tel' | 'ext' | 'sip' | 'mail';
  readonly scope: string;
  /** E.164 with the plus sign for `tel`. */
  readonly value: string;
  /** namespace, scope and value joined by U+0000: one string per identifier, for caches. */
  readonly key: string;
}

export interface BoxRequest {
  readonly party: string;
  readonly category: Category;
  /** Whose slots the box depends on: one person, or up to 8 for content; none when nobody is known. */
  readonly identifiers: readonly Identifier[];
  readonly plaintext: Uint8Array;
}

export interface SealRequest {
  readonly eventId: Uint8Array;
  readonly type: string;
  /** CRC-64-AVRO fingerprint (8 bytes) of the schema the plaintexts are written in. */
  readonly fingerprint: Uint8Array;
  readonly domain: Domain;
  readonly month: Month;
  readonly accountId: string;
  /** µs since the epoch; compared with marks and slot intervals. */
  readonly occurredAt: number;
  readonly boxes: readonly BoxRequest[];
}

/** Boxes of one event and category, with the pointer that names their slots. */
export interface SealedGroup {
  readonly category: Category;
  readonly pointer: Uint8Array;
  readonly boxes: readonly SealedBox[];
}

export interface SealedBox {
  readonly party: string;
  readonly box: Uint8Array;
}

/** Why boxes were left out: the event is journaled with its facts alone. */
export type Omission = 'epoch_stripped' | 'account_closed' | 'erased';

export interface SealedParts {
  readonly groups: readonly SealedGroup[];
  readonly omitted?: Omission;
}

export interface Sealer {
  /**
   * Seals a batch, in order. New slots are durable before it resolves. Waits (never rejects) while
   * the key tree or custodian is away; rejects only with VaultError.
   */
  seal(requests: readonly SealRequest[]): Promise<SealedParts[]>;
  /** The 32-byte key that native ids of a month are keyed with (see ingest's id rules). */
  idKey(month: Month): Promise<Uint8Array>;
  /**
   * Seals whole native records that could not be accepted, each under the quarantine key of the UTC
   * day of its `at`; the day is part of the sealed bytes. Waits like `seal`.
   */
  sealQuarantined(records: readonly QuarantinedBody[]): Promise<Uint8Array[]>;
  /** Drops cached keys and re-reads the generation; call after a fence was seen in a log. */
  refresh(): Promise<void>;
}

/** A record that could not be accepted. `id` (the quarantine event's id) is authenticated. */
export interface QuarantinedBody {
  readonly id: Uint8Array;
  /** When it was received, µs since the epoch. */
  readonly at: number;
  readonly body: Uint8Array;
}

export interface SealedQuarantined {
  readonly id: Uint8Array;
  readonly sealed: Uint8Array;
}

/** What binds a group to its event; all of it is authenticated. */
export interface GroupRef {
  readonly eventId: Uint8Array;
  readonly type: string;
  readonly fingerprint: Uint8Array;
  readonly domain: Domain;
  readonly month: Month;
  readonly accountId: string;
  readonly group: SealedGroup;
}

export interface PointerContents {
  /** One entry per box of the group, in order. */
  readonly boxes: readonly PointedBox[];
}

export interface PointedBox {
  readonly slots: readonly Uint8Array[];
  /**
   * 16 bytes, equal for equal plaintext of one event id and party. Keyed with the box: dead with any of
   * its scopes, and no help in guessing a number to whoever holds the epoch alone.
   */
  readonly digest: Uint8Array;
}

/** For projectors: epoch keys only, so it can read which slots, never what is in a box. */
export interface PointerOpener {
  /** Undefined where the epoch is gone. Rejects with VaultError `tampered`, `unavailable` or `key_lost`. */
  open(refs: readonly GroupRef[]): Promise<(PointerContents | undefined)[]>;
}

/** Who opens, and why. Goes into the access record before anything is opened. */
export interface Access {
  readonly actor: string;
  readonly role: string;
  /** Purpose code, for example `care`, `billing_dispute`, `subject_access`. */
  readonly purpose: string;
}

export interface BoxToOpen {
  readonly ref: GroupRef;
  /** Index into `ref.group.boxes`. */
  readonly index: number;
}

/** Every answer a reader can get; see the vault README for who is told which. */
export type Opened =
  | { readonly state: 'open'; readonly plaintext: Uint8Array }
  | { readonly state: 'shredded' | 'unavailable' | 'lost' | 'tampered' };

export interface Reader {
  /** Appends the access record first; when that fails nothing is opened and the call rejects. */
  open(access: Access, boxes: readonly BoxToOpen[]): Promise<Opened[]>;
  /** As `open`, for bodies in quarantine; `shredded` once the day's key is gone. */
  openQuarantined(access: Access, records: readonly SealedQuarantined[]): Promise<Opened[]>;
  /**
   * Slot ids of an identifier in each month (undefined where it has none). Asks the directory the
   * same statements over the same number of rows whether or not the identifier is known.
   */
  lookup(
    access: Access,
    identifier: Identifier,
    domains: readonly Domain[],
    months: readonly Month[],
  ): Promise<SlotOfMonth[]>;
}

export interface SlotOfMonth {
  readonly domain: Domain;
  readonly month: Month;
  readonly slot: Uint8Array | undefined;
}

/** What an access record says in clear, and what it seals (under the access epoch). */
export interface AccessRecord {
  readonly actor: string;
  readonly role: string;
  readonly purpose: string;
  readonly count: number;
  /** Slot ids and event ids, sealed under the access epoch of the day. */
  readonly sealed: Uint8Array;
}

/** Given by the composition root: the vault does not know the journal. */
export type RecordAccess = (record: AccessRecord) => Promise<void>;

export type VaultErrorCode =
  | 'unavailable'
  | 'generation_mismatch'
  | 'root_missing'
  | 'root_permissions'
  | 'tampered'
  | 'key_lost'
  | 'bad_request';

export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
