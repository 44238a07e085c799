import type { Interval } from './intervals.ts';
import type { Contribution, LegRecord } from './types.ts';

/** One party's part in a call, as its own events tell it. */
export interface Leg {
  readonly member: string;
  readonly legId: string;
  readonly role: LegRecord['role'];
  readonly accountId: string;
  readonly startedAt: number;
  readonly ringingAt: number | undefined;
  readonly answeredAt: number | undefined;
  readonly end: LegEnd | undefined;
  /** An open hold ends at infinity. */
  readonly holds: readonly Interval[];
  readonly groupId: string | undefined;
  /** Handed its place to another leg: its end is not the call's. */
  readonly transferredAway: boolean;
}

export interface LegEnd {
  readonly at: number;
  readonly event: Contribution;
}

/** Types that say something of a leg's life; others (links, interims, recordings) make no leg. */
const LEG_TYPES = new Set([
  'call.initiated',
  'call.ringing',
  'call.answered',
  'call.held',
  'call.resumed',
  'call.leg.added',
  'call.bridged',
  'call.forwarded',
  'call.transferred',
  'call.ended',
]);

/**
 * The legs of a call in order of their first event.
 *
 * @param events settled contributions in order
 */
export function findLegs(events: readonly Contribution[]): Leg[] {
  const byLeg = new Map<string, Contribution[]>();
  for (const event of events) {
    if (!LEG_TYPES.has(event.type)) continue;
    const key = `${event.member}${event.leg}`;
    const own = byLeg.get(key);
    if (own === undefined) byLeg.set(key, [event]);
    else own.push(event);
  }
  const targets = findTargets(events);
  const legs: Leg[] = [];
  /** The leg that began each of the calls that links made one. */
  const begun = new Map<string, string>();
  for (const [key, own] of byLeg) {
    const first = own[0];
    if (first === undefined) continue;
    const initiates = own.some((event) => event.type === 'call.initiated');
    if (initiates && !begun.has(first.member)) begun.set(first.member, key);
    legs.push(
      readLeg(own, first, { caller: begun.get(first.member) === key, target: targets.get(key) }),
    );
  }
  return legs;
}

function findTargets(events: readonly Contribution[]): Map<string, 'transferred'> {
  const targets = new Map<string, 'transferred'>();
  for (const { type, member, facts } of events) {
    if (facts.targetLegId !== undefined && type === 'call.transferred') {
      targets.set(`${member}${facts.targetLegId}`, 'transferred');
    }
  }
  return targets;
}

interface Place {
  readonly caller: boolean;
  readonly target: 'transferred' | undefined;
}

function readLeg(own: readonly Contribution[], first: Contribution, place: Place): Leg {
  let startedAt = Number.POSITIVE_INFINITY;
  let ringingAt: number | undefined;
  let answeredAt: number | undefined;
  let end: LegEnd | undefined;
  let heldFrom: number | undefined;
  let groupId: string | undefined;
  let declared: string | undefined;
  let transferredAway = false;
  const holds: Interval[] = [];
  for (const event of own) {
    const { type, time, facts } = event;
    startedAt = Math.min(startedAt, facts.startedAt ?? time);
    groupId ??= facts.groupId;
    const answer = toldAnswer(event);
    if (answer !== undefined) answeredAt = Math.min(answeredAt ?? answer, answer);
    if (type === 'call.ringing') ringingAt ??= time;
    else if (type === 'call.held') heldFrom ??= time;
    else if (type === 'call.leg.added') declared ??= facts.addedFor;
    else if (type === 'call.transferred') transferredAway = true;
    else if (type === 'call.ended') end ??= { at: facts.endedAt ?? time, event };
    else if (type === 'call.resumed' && heldFrom !== undefined) {
      holds.push({ from: heldFrom, to: time });
      heldFrom = undefined;
    }
  }
  if (heldFrom !== undefined) holds.push({ from: heldFrom, to: Number.POSITIVE_INFINITY });
  const role = roleOf(place, declared, groupId);
  const { member, leg: legId, account: accountId } = first;
  return {
    member,
    legId,
    role,
    accountId,
    startedAt,
    ringingAt,
    answeredAt,
    end,
    holds,
    groupId,
    transferredAway,
  };
}

/** A switch tells the answer by its own event, by its time, or at the end by the seconds it counted. */
function toldAnswer({ type, time, facts }: Contribution): number | undefined {
  if (facts.answeredAt !== undefined) return facts.answeredAt;
  if (type === 'call.answered') return time;
  if (type !== 'call.ended' || !facts.billableSeconds) return undefined;
  return (facts.endedAt ?? time) - facts.billableSeconds * 1_000_000;
}

function roleOf(
  place: Place,
  addedFor: string | undefined,
  groupId: string | undefined,
): LegRecord['role'] {
  if (place.caller) return 'caller';
  if (place.target !== undefined) return place.target;
  if (addedFor === 'group') return 'member';
  if (addedFor === 'consultation') return 'consult';
  if (addedFor === 'transfer') return 'transferred';
  if (addedFor === 'forward') return 'forwarded';
  return groupId === undefined ? 'callee' : 'member';
}
