/**
 * The words of the assembler. A *contribution* is what one journaled event says about one
 * communication; a *state* is the set of them; a *record* is what a reader sees of the set.
 */

/** An id as lower-case hex digits (32 for events and communications): compares in byte order. */
export type Hex = string;

/** The clear facts the assembler reads, named as the schemas name them. Times are µs. */
export interface Facts {
  readonly startedAt?: number;
  readonly answeredAt?: number;
  readonly endedAt?: number;
  readonly deliveredAt?: number;
  readonly failedAt?: number;
  readonly lastEvidenceAt?: number;
  readonly causeQ850?: number;
  readonly sipStatus?: number;
  readonly segments?: number;
  readonly segmentsReported?: number;
  readonly durationSeconds?: number;
  readonly billableSeconds?: number;
  readonly direction?: string;
  readonly destinationPrefix?: string;
  readonly destinationCountry?: string;
  readonly destinationZone?: string;
  readonly destinationNumberType?: string;
  readonly calleeService?: string;
  readonly recipientService?: string;
  readonly route?: string;
  readonly ingressTrunk?: string;
  readonly egressTrunk?: string;
  readonly groupId?: string;
  readonly addedFor?: string;
  readonly otherLegId?: string;
  readonly targetLegId?: string;
  readonly transferKind?: string;
  readonly forwardReason?: string;
  readonly disposition?: string;
  readonly hangupParty?: string;
  readonly answeredBy?: string;
  readonly recordingId?: string;
  readonly voicemailId?: string;
  readonly errorCode?: string;
}

/** Boxes of one category of one event, as a reader will need them. */
export interface BoxGroup {
  /** Opaque here: what opens the boxes. */
  readonly ref: Uint8Array;
  readonly category: string;
  /** Which month and retention class the boxes end with, for example `682.cpaas-eu`. */
  readonly epoch: string;
  readonly boxes: readonly PartyBox[];
}

export interface PartyBox {
  readonly party: string;
  /** Slot ids; empty when the pointer could not be opened any more. */
  readonly slots: readonly Hex[];
}

/** What one event says. Its coordinate, (log, position), never takes part in what a reader sees. */
export interface Contribution {
  readonly eventId: Hex;
  /** The communication the event itself named; others are united with it by links. */
  readonly member: Hex;
  readonly type: string;
  readonly log: number;
  readonly position: number;
  /** µs since the epoch, by the source's clock. */
  readonly time: number;
  /** -1 where the source numbers nothing. */
  readonly sequence: number;
  /** '' for the communication as a whole. */
  readonly leg: string;
  readonly account: string;
  readonly source: string;
  /** 48-bit digest of the facts, and of slots and box digests (0: no box): tells repeats from conflicts. */
  readonly factsDigest: number;
  readonly partyDigest: number;
  /** Boxes were left out when the event was journaled: its parties are not unknown, but gone. */
  readonly omitted: boolean;
  readonly facts: Facts;
  readonly groups: readonly BoxGroup[];
  /** Other communications this event joins to its own. */
  readonly links: readonly Hex[];
}

export type Kind = 'call' | 'sms' | 'voicemail';
export type Direction = 'inbound' | 'outbound' | 'internal' | 'unknown';
export type Status = 'open' | 'final' | 'corrected' | 'timed_out' | 'incomplete';

export interface LegRecord {
  /** '' for a leg the source does not name. */
  readonly legId: string;
  readonly role: 'caller' | 'callee' | 'member' | 'forwarded' | 'transferred' | 'consult';
  readonly accountId: string;
  readonly startedAt: number;
  readonly ringingAt?: number;
  readonly answeredAt?: number;
  readonly endedAt?: number;
  readonly holdMs?: number;
  readonly disposition: string;
  readonly q850?: number;
  readonly sipStatus?: number;
  /** Ring group or queue it was tried for. */
  readonly ringGroup?: string;
  /** This leg answered first among those that rang. */
  readonly winner?: true;
}

/** Someone's part in the communication, sealed. */
export interface PartyRecord {
  readonly role: string;
  readonly legId?: string;
  readonly group: BoxGroup;
  readonly index: number;
}

/** A change of who talks to whom. */
export interface Diversion {
  readonly kind: 'forwarded' | 'transferred';
  readonly at: number;
  readonly legId?: string;
  readonly targetLegId?: string;
  /** Why forwarded, or how transferred (`blind`, `attended`). */
  readonly how?: string;
}

export interface VoicemailFacts {
  readonly depositedAt?: number;
  readonly listenedAt?: number;
  readonly savedAt?: number;
  readonly deletedAt?: number;
  readonly abandoned?: true;
  readonly durationMs?: number;
  readonly voicemailId?: string;
}

/** One communication as a reader sees it. Times are µs since the epoch. */
export interface CommunicationRecord {
  readonly id: Hex;
  readonly kind: Kind;
  readonly direction: Direction;
  readonly status: Status;
  readonly accountId: string;
  readonly source: string;
  readonly startedAt: number;
  readonly answeredAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly ringMs: number | undefined;
  readonly talkMs: number | undefined;
  readonly holdMs: number | undefined;
  /** Whole seconds from answer to end, a started second counting as one; hold included. */
  readonly billableSeconds: number;
  readonly segments: number | undefined;
  readonly disposition: string;
  readonly q850: number | undefined;
  readonly sipStatus: number | undefined;
  readonly hangupParty: string | undefined;
  readonly prefix: string | undefined;
  readonly country: string | undefined;
  readonly zone: string | undefined;
  readonly numberType: string | undefined;
  readonly service: string | undefined;
  readonly route: string | undefined;
  readonly ingressTrunk: string | undefined;
  readonly egressTrunk: string | undefined;
  readonly errorCode: string | undefined;
  readonly recordings: readonly string[];
  /** Same id with another body, or differing parties for one leg and role. */
  readonly conflicts: number;
  /** More than the cap of one type on one leg was seen; the lowest by order were kept. */
  readonly overflow: boolean;
  readonly legs: readonly LegRecord[];
  readonly diversions: readonly Diversion[];
  readonly voicemail: VoicemailFacts | undefined;
  readonly parties: readonly PartyRecord[];
  /** Accounts in whose history this communication stands, its own account first. */
  readonly accounts: readonly AccountPart[];
}

export interface AccountPart {
  readonly accountId: string;
  readonly direction: Direction;
}

/** What billing needs of one complete communication, free of personal data. */
export interface UsageStatement {
  readonly accountId: string;
  /** µs since the epoch; its UTC day is the service period. */
  readonly startedAt: number;
  readonly direction: Direction;
  readonly kind: Kind;
  /** '' where there is none, as for short codes and extensions. */
  readonly prefix: string;
  readonly country: string;
  readonly zone: string;
  readonly numberType: string;
  readonly service: string;
  readonly seconds: number;
  readonly segments: number;
}
