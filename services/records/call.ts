import { mostTelling, unansweredDisposition } from './dispositions.ts';
import type { Interval } from './intervals.ts';
import { coveredUs } from './intervals.ts';
import { findLegs } from './legs.ts';
import type { Leg, LegEnd } from './legs.ts';
import type { Contribution, Diversion, LegRecord, Status } from './types.ts';
import { CLOSED_BY_TIMEOUT } from './vocabulary.ts';

/** What is particular to calls in a record. */
export interface CallPart {
  readonly status: Exclude<Status, 'incomplete'>;
  readonly startedAt: number;
  readonly answeredAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly ringMs: number | undefined;
  readonly talkMs: number | undefined;
  readonly holdMs: number | undefined;
  readonly billableSeconds: number;
  readonly disposition: string;
  readonly end: Contribution | undefined;
  readonly legs: readonly LegRecord[];
  readonly diversions: readonly Diversion[];
}

/** @param events settled contributions of one communication, in order */
export function readCall(events: readonly Contribution[]): CallPart {
  const legs = findLegs(events);
  const over = findEnd(legs);
  const closed = events.some((event) => event.type === CLOSED_BY_TIMEOUT);
  const status =
    over === undefined ? (closed ? 'timed_out' : 'open') : closed ? 'corrected' : 'final';
  const startedAt = startOf(events, legs);
  // Of a call whose end never came we know that it lasted until its last sign of life.
  const endedAt = over?.at ?? (closed ? lastEvidence(events) : undefined);
  const answeredAt = least(legs.map((leg) => leg.answeredAt));
  const ringingAt = least(legs.map((leg) => leg.ringingAt));
  const ringEnd = answeredAt ?? endedAt;
  const spoken = spokenTime(legs, answeredAt, endedAt);
  return {
    status,
    startedAt,
    answeredAt,
    endedAt,
    ringMs: ringingAt === undefined || ringEnd === undefined ? undefined : ms(ringEnd - ringingAt),
    talkMs: spoken?.talkMs,
    holdMs: spoken?.holdMs,
    billableSeconds: spoken?.seconds ?? 0,
    disposition: dispositionOf(legs, over, answeredAt),
    end: over?.event,
    legs: describeLegs(legs, endedAt),
    diversions: findDiversions(events),
  };
}

/** The latest sign of life: the closer's own event is none. */
export function lastEvidence(events: readonly Contribution[]): number {
  let last = 0;
  for (const { type, time, facts } of events) {
    if (type !== CLOSED_BY_TIMEOUT) last = Math.max(last, facts.endedAt ?? time);
  }
  return last;
}

function startOf(events: readonly Contribution[], legs: readonly Leg[]): number {
  if (legs.length > 0) return Math.min(...legs.map((leg) => leg.startedAt));
  return Math.min(...events.map((event) => event.facts.startedAt ?? event.time));
}

/** A call that links made of several is over when each part is. */
function findEnd(legs: readonly Leg[]): LegEnd | undefined {
  let latest: LegEnd | undefined;
  for (const member of new Set(legs.map((leg) => leg.member))) {
    const end = findMemberEnd(legs.filter((leg) => leg.member === member));
    if (end === undefined) return undefined;
    if (latest === undefined || end.at > latest.at) latest = end;
  }
  return latest;
}

/**
 * Over with the end of the whole, or of the leg that began it (unless it was transferred away), or
 * of every leg.
 */
function findMemberEnd(legs: readonly Leg[]): LegEnd | undefined {
  const whole = legs.find((leg) => leg.legId === '');
  if (whole?.end !== undefined) return whole.end;
  const first = legs.find((leg) => leg.role === 'caller');
  if (first?.end !== undefined && !first.transferredAway) return first.end;
  let latest: LegEnd | undefined;
  for (const { end } of legs) {
    if (end === undefined) return undefined;
    if (latest === undefined || end.at > latest.at) latest = end;
  }
  return latest;
}

function spokenTime(
  legs: readonly Leg[],
  answeredAt: number | undefined,
  endedAt: number | undefined,
): { talkMs: number; holdMs: number; seconds: number } | undefined {
  if (answeredAt === undefined || endedAt === undefined) return undefined;
  const total = Math.max(0, endedAt - answeredAt);
  const holds: Interval[] = legs.flatMap((leg) => leg.holds);
  const held = holds.length === 0 ? 0 : coveredUs(holds, answeredAt, endedAt);
  return { talkMs: ms(total - held), holdMs: ms(held), seconds: Math.ceil(total / 1_000_000) };
}

function dispositionOf(
  legs: readonly Leg[],
  over: LegEnd | undefined,
  answeredAt: number | undefined,
): string {
  if (answeredAt !== undefined) return 'answered';
  if (over === undefined)
    return legs.some((leg) => leg.ringingAt !== undefined) ? 'ringing' : 'initiated';
  const { causeQ850, disposition, sipStatus } = over.event.facts;
  if (disposition !== undefined || causeQ850 !== undefined || sipStatus !== undefined)
    return unansweredDisposition(over);
  const others = legs.flatMap((leg) =>
    leg.end === undefined ? [] : [unansweredDisposition(leg.end)],
  );
  return mostTelling(others) ?? unansweredDisposition(over);
}

function describeLegs(legs: readonly Leg[], endedAt: number | undefined): LegRecord[] {
  const winner = findWinner(legs);
  return legs.map((leg) => {
    const { legId, role, accountId, startedAt, ringingAt, answeredAt, end, groupId } = leg;
    const stopped = end?.at ?? endedAt;
    const held =
      stopped === undefined || leg.holds.length === 0
        ? undefined
        : coveredUs(leg.holds, startedAt, stopped);
    const { causeQ850: q850, sipStatus } = end?.event.facts ?? {};
    return {
      legId,
      role,
      accountId,
      startedAt,
      ...(ringingAt === undefined ? {} : { ringingAt }),
      ...(answeredAt === undefined ? {} : { answeredAt }),
      ...(stopped === undefined ? {} : { endedAt: stopped }),
      ...(held === undefined ? {} : { holdMs: ms(held) }),
      disposition: legDisposition(leg, winner),
      ...(q850 === undefined ? {} : { q850 }),
      ...(sipStatus === undefined ? {} : { sipStatus }),
      ...(groupId === undefined ? {} : { ringGroup: groupId }),
      ...(leg === winner ? { winner: true as const } : {}),
    };
  });
}

function legDisposition(leg: Leg, winner: Leg | undefined): string {
  if (leg.answeredAt !== undefined) return 'answered';
  if (leg.role === 'caller') return winner === undefined ? 'unanswered' : 'answered';
  if (leg.end !== undefined) return unansweredDisposition(leg.end);
  if (winner !== undefined && leg.role === 'member') return 'answered_elsewhere';
  return leg.ringingAt === undefined ? 'initiated' : 'ringing';
}

/** Who answered first of those who were called. */
function findWinner(legs: readonly Leg[]): Leg | undefined {
  let winner: Leg | undefined;
  for (const leg of legs) {
    if (leg.role === 'caller' || leg.answeredAt === undefined) continue;
    if (winner?.answeredAt === undefined || leg.answeredAt < winner.answeredAt) winner = leg;
  }
  return winner;
}

function findDiversions(events: readonly Contribution[]): Diversion[] {
  const diversions: Diversion[] = [];
  for (const { type, time: at, leg, facts } of events) {
    if (type !== 'call.forwarded' && type !== 'call.transferred') continue;
    const how = type === 'call.forwarded' ? facts.forwardReason : facts.transferKind;
    diversions.push({
      kind: type === 'call.forwarded' ? 'forwarded' : 'transferred',
      at,
      ...(leg === '' ? {} : { legId: leg }),
      ...(facts.targetLegId === undefined ? {} : { targetLegId: facts.targetLegId }),
      ...(how === undefined ? {} : { how }),
    });
  }
  return diversions;
}

function least(values: readonly (number | undefined)[]): number | undefined {
  let lowest: number | undefined;
  for (const value of values)
    if (value !== undefined && (lowest === undefined || value < lowest)) lowest = value;
  return lowest;
}

/** Milliseconds, the started one dropped. */
function ms(us: number): number {
  return Math.floor(us / 1000);
}
