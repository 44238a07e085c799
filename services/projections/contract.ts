import type { Direction, Diversion, Kind, LegRecord, Status, VoicemailFacts } from '#records';

/** A reference to a box: `unpackRef(ref)` of #events gives what the vault's reader opens. */
export interface BoxRef {
  readonly ref: Uint8Array;
  /** Index into the group's boxes. */
  readonly index: number;
}

export interface PartyRow extends BoxRef {
  readonly role: string;
  readonly legId?: string;
  readonly category: string;
}

export interface RecordPosition {
  readonly log: string;
  readonly position: number;
}

/** One communication. Times are µs since the epoch; personal data stays sealed in `parties`. */
export interface CdrRow {
  /** UUID in its usual notation. */
  readonly id: string;
  /** Months since January 1970, UTC, of the start. */
  readonly month: number;
  readonly kind: Kind;
  readonly direction: Direction;
  readonly status: Status;
  readonly accountId: string;
  readonly source: string;
  readonly startedAt: number;
  readonly answeredAt?: number;
  readonly endedAt?: number;
  readonly ringMs?: number;
  readonly talkMs?: number;
  readonly holdMs?: number;
  readonly billableSeconds: number;
  readonly segments?: number;
  readonly disposition: string;
  readonly q850?: number;
  readonly sipStatus?: number;
  readonly hangupParty?: string;
  readonly prefix?: string;
  readonly country?: string;
  readonly zone?: string;
  readonly numberType?: string;
  readonly service?: string;
  readonly route?: string;
  readonly ingressTrunk?: string;
  readonly egressTrunk?: string;
  readonly errorCode?: string;
  readonly conflicts: number;
  /** Some repeating events beyond the cap were left out. */
  readonly overflow: boolean;
  readonly legs: readonly LegRecord[];
  readonly diversions: readonly Diversion[];
  readonly voicemail?: VoicemailFacts;
  readonly recordings: readonly string[];
  readonly parties: readonly PartyRow[];
  /** Where its events lie in the journal, in order of time: the timeline. */
  readonly positions: readonly RecordPosition[];
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Opaque; hand it back for the next page. Absent on the last one. */
  readonly next?: string;
}

/** [from, to) in µs, by start. */
export interface Interval {
  readonly from?: number;
  readonly to?: number;
}

export interface CdrQuery extends Interval {
  readonly limit: number;
  readonly cursor?: string;
  readonly accountId?: string;
  readonly kind?: Kind;
  readonly status?: Status;
}

/** One line of an account's history, newest first. */
export interface HistoryRow {
  readonly id: string;
  readonly communicationId: string;
  readonly kind: Kind;
  /** As this account saw it. */
  readonly direction: Direction;
  readonly status: Status;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly durationSeconds: number;
  readonly segments?: number;
  readonly disposition: string;
  readonly counterpart?: BoxRef;
  /** The account's own number that was used. */
  readonly own?: BoxRef;
  readonly content?: BoxRef;
  /** Equal for messages between the same two numbers within one month. */
  readonly threadKey?: Uint8Array;
  readonly voicemail?: VoicemailFacts;
}

export interface HistoryQuery extends Interval {
  readonly accountId: string;
  readonly limit: number;
  readonly cursor?: string;
  /**
   * Slots of the number searched for, one a month and domain; undefined where it has none. Their
   * count, not whether they are known, decides how many rows are looked at.
   */
  readonly slots?: readonly (Uint8Array | undefined)[];
  readonly thread?: Uint8Array;
}

export const USAGE_DIMENSIONS = [
  'accountId',
  'day',
  'direction',
  'kind',
  'prefix',
  'zone',
] as const;
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

export interface UsageQuery {
  /** Days since 1970-01-01, UTC; [from, to). */
  readonly from: number;
  readonly to: number;
  readonly accountId?: string;
  /** Default: every dimension. */
  readonly groupBy?: readonly UsageDimension[];
}

export interface UsageSum {
  readonly accountId?: string;
  readonly day?: number;
  readonly direction?: Direction;
  readonly kind?: Kind;
  readonly prefix?: string;
  readonly zone?: string;
  readonly count: number;
  readonly seconds: number;
  readonly segments: number;
}

/** An entry of the usage feed: a fact, delivered as it was appended. */
export interface UsageEntry {
  readonly type: 'usage.recorded' | 'usage.adjusted';
  /** Position in the usage log. */
  readonly position: number;
  readonly eventId: string;
  readonly communicationId: string;
  readonly accountId: string;
  /** How often this communication was recorded before. */
  readonly revision: number;
  /** UTC day of the start, days since 1970-01-01: the service period. */
  readonly day: number;
  readonly startedAt: number;
  readonly direction: Direction;
  readonly kind: Kind;
  /** 1, or -1 for a reversal; the sums below have the same sign. */
  readonly quantity: number;
  readonly seconds: number;
  readonly segments: number;
  readonly prefix?: string;
  readonly country?: string;
  readonly zone?: string;
  readonly numberType?: string;
  readonly service?: string;
  readonly adjustmentKind?: 'reversal' | 'successor';
  /** Event id of the entry that this one takes back or takes the place of. */
  readonly supersedes?: string;
}

export interface UsageFeed {
  readonly entries: readonly UsageEntry[];
  /** Goes on behind the last entry; the same cursor always gives the same entries. */
  readonly next: string;
  /** Nothing came after the last entry when this was read. */
  readonly atEnd: boolean;
}

export const VIEWS = ['cdr', 'history', 'quarantine', 'usage'] as const;
export type View = (typeof VIEWS)[number];

export interface ViewLag {
  readonly view: View;
  readonly log: string;
  readonly position: number;
  readonly head: number;
  readonly lagEvents: number;
  /** How long the oldest event that is not in the view has lain in the journal. */
  readonly lagMs: number;
}

export interface QuarantineRow {
  readonly id: string;
  readonly log: string;
  readonly position: number;
  readonly reason: string;
  readonly format?: string;
  readonly detail?: string;
  readonly source: string;
  readonly accountId: string;
  /** µs: when it was put into quarantine. */
  readonly at: number;
  readonly size: number;
  /** What the vault sealed; `openQuarantined` opens it. */
  readonly sealed: Uint8Array;
  /** The latest try to take it in. */
  readonly replay?: {
    readonly attempt: number;
    readonly outcome: string;
    readonly reason?: string;
  };
}

export interface QuarantineQuery {
  readonly limit: number;
  readonly cursor?: string;
  readonly reason?: string;
}

export interface RebuildProgress {
  readonly view: View;
  readonly phase: 'reading' | 'indexing' | 'comparing' | 'swapping' | 'done';
  readonly events: number;
  readonly eventsTotal: number;
  readonly eventsPerSecond: number;
}

export interface RebuildReport {
  readonly view: View;
  readonly events: number;
  readonly seconds: number;
  readonly rows: number;
  /** Rows that differ between the live view and the rebuilt one. */
  readonly differing: number;
  readonly onlyLive: number;
  readonly onlyRebuilt: number;
  /** Some of those, for a look: ids of rows. */
  readonly examples: readonly string[];
  readonly swapped: boolean;
}
