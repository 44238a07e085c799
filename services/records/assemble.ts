import type { CallPart } from './call.ts';
import { readCall } from './call.ts';
import type { MessagePart } from './message.ts';
import { readSms, readVoicemail, voicemailFacts } from './message.ts';
import { findParties } from './parties.ts';
import type { CommunicationState } from './state.ts';
import type {
  AccountPart,
  CommunicationRecord,
  Contribution,
  Direction,
  Facts,
  Kind,
  UsageStatement,
  VoicemailFacts,
} from './types.ts';
import { kindOf } from './vocabulary.ts';
import { settle } from './winners.ts';

/** Raised whenever the same state may give another record: views made by another one are rebuilt. */
export const ASSEMBLER_VERSION = 1;

/** The record of a communication: a pure function of its set of contributions. */
export function assemble(state: CommunicationState): CommunicationRecord {
  const { events, ranked, conflicts: bodies } = settle(state);
  const kind = findKind(events);
  const voicemail = voicemailFacts(events);
  const part = readPart(kind, events, voicemail);
  const { parties, conflicts: persons } = findParties(ranked);
  const nobody = parties.length === 0 && !events.some((event) => event.omitted);
  const direction = directionOf(firstText(ranked, 'direction'));
  const end = part.end?.facts;
  const accounts = findAccounts(ranked, direction);
  const first = ranked[0];
  return {
    id: state.id,
    kind,
    direction,
    status: part.status !== 'open' && nobody ? 'incomplete' : part.status,
    accountId: accounts[0]?.accountId ?? '',
    source: first?.source ?? '',
    startedAt: part.startedAt,
    answeredAt: part.answeredAt,
    endedAt: part.endedAt,
    ringMs: part.ringMs,
    talkMs: part.talkMs,
    holdMs: part.holdMs,
    billableSeconds:
      kind === 'voicemail' ? (voicemail?.durationMs ?? 0) / 1000 : part.billableSeconds,
    segments:
      kind === 'sms'
        ? (firstNumber(ranked, 'segments') ?? firstNumber(ranked, 'segmentsReported'))
        : undefined,
    disposition:
      kind === 'call' && voicemail?.depositedAt !== undefined ? 'voicemail' : part.disposition,
    q850: end?.causeQ850,
    sipStatus: end?.sipStatus,
    hangupParty: end?.hangupParty,
    prefix: firstText(ranked, 'destinationPrefix'),
    country: firstText(ranked, 'destinationCountry'),
    zone: firstText(ranked, 'destinationZone'),
    numberType: firstText(ranked, 'destinationNumberType'),
    service: firstText(ranked, 'calleeService') ?? firstText(ranked, 'recipientService'),
    route: firstText(ranked, 'route'),
    ingressTrunk: firstText(ranked, 'ingressTrunk'),
    egressTrunk: firstText(ranked, 'egressTrunk'),
    errorCode: firstText(ranked, 'errorCode'),
    recordings: findRecordings(events),
    conflicts: bodies + persons,
    overflow: state.overflow,
    legs: part.legs,
    diversions: part.diversions,
    voicemail,
    parties,
    accounts,
  };
}

function findKind(events: readonly Contribution[]): Kind {
  let found: Kind | undefined;
  for (const { type } of events) {
    const kind = kindOf(type);
    if (kind === 'call') return 'call';
    if (found === undefined || kind === 'sms') found = kind ?? found;
  }
  return found ?? 'call';
}

function readPart(
  kind: Kind,
  events: readonly Contribution[],
  voicemail: VoicemailFacts | undefined,
): CallPart {
  if (kind === 'call') return readCall(events);
  return asCall(kind === 'sms' ? readSms(events) : readVoicemail(events, voicemail ?? {}));
}

function asCall(part: MessagePart): CallPart {
  return {
    ...part,
    answeredAt: undefined,
    ringMs: undefined,
    talkMs: undefined,
    holdMs: undefined,
    billableSeconds: 0,
    end: undefined,
    legs: [],
    diversions: [],
  };
}

function findAccounts(ranked: readonly Contribution[], direction: Direction): AccountPart[] {
  const accounts: AccountPart[] = [];
  for (const { account } of ranked) {
    if (account === '' || accounts.some((part) => part.accountId === account)) continue;
    accounts.push({
      accountId: account,
      direction: accounts.length === 0 ? direction : otherDirection(ranked, account, direction),
    });
  }
  return accounts;
}

/** What the account's own legs say; where they say nothing it saw the call from the other side. */
function otherDirection(
  ranked: readonly Contribution[],
  account: string,
  direction: Direction,
): Direction {
  const own = ranked.filter((event) => event.account === account);
  const said = firstText(own, 'direction');
  if (said !== undefined) return directionOf(said);
  if (direction === 'outbound') return 'inbound';
  return direction === 'inbound' ? 'outbound' : direction;
}

function directionOf(text: string | undefined): Direction {
  return text === 'inbound' || text === 'outbound' || text === 'internal' ? text : 'unknown';
}

function findRecordings(events: readonly Contribution[]): string[] {
  const found: string[] = [];
  for (const { type, facts } of events) {
    if (!type.startsWith('call.recording.') || facts.recordingId === undefined) continue;
    if (!found.includes(facts.recordingId)) found.push(facts.recordingId);
  }
  return found;
}

type FactOf<T> = { [K in keyof Facts]-?: Facts[K] extends T | undefined ? K : never }[keyof Facts];

function firstText(ranked: readonly Contribution[], name: FactOf<string>): string | undefined {
  for (const { facts } of ranked) if (facts[name] !== undefined) return facts[name];
  return undefined;
}

function firstNumber(ranked: readonly Contribution[], name: FactOf<number>): number | undefined {
  for (const { facts } of ranked) if (facts[name] !== undefined) return facts[name];
  return undefined;
}

/**
 * What billing is told of a communication; undefined while it is not complete. A message counts
 * when it was handed over, whatever its receipt will say.
 */
export function usageStatement(record: CommunicationRecord): UsageStatement | undefined {
  const { kind, status, disposition } = record;
  if (record.accountId === '' || (kind !== 'sms' && status === 'open')) return undefined;
  if (kind === 'voicemail' && disposition === 'greeting') return undefined;
  return {
    accountId: record.accountId,
    startedAt: record.startedAt,
    direction: record.direction,
    kind,
    prefix: record.prefix ?? '',
    country: record.country ?? '',
    zone: record.zone ?? '',
    numberType: record.numberType ?? '',
    service: record.service ?? '',
    seconds: record.billableSeconds,
    segments: record.segments ?? 0,
  };
}

export function sameStatement(
  a: UsageStatement | undefined,
  b: UsageStatement | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.seconds === b.seconds &&
    a.segments === b.segments &&
    a.accountId === b.accountId &&
    a.startedAt === b.startedAt &&
    a.prefix === b.prefix &&
    a.zone === b.zone &&
    a.country === b.country &&
    a.numberType === b.numberType &&
    a.service === b.service &&
    a.direction === b.direction &&
    a.kind === b.kind
  );
}
