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
  readonly ringGroup: string | undefined;
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
  let caller: string | undefined;
  for (const [key, own] of byLeg) {
    const first = own[0];
    if (first === undefined) continue;
    const initiates = own.some((event) => event.type === 'call.initiated');
    if (initiates) caller ??= key;
    legs.push(readLeg(own, first, { caller: caller === key, target: targets.get(key) }));
  }
  return legs;
}

function findTargets(events: readonly Contribution[]): Map<string, 'forwarded' | 'transferred'> {
  const targets = new Map<string, 'forwarded' | 'transferred'>();
  for (const { type, member, facts } of events) {
    if (facts.targetLegId === undefined) continue;
    if (type === 'call.forwarded') targets.set(`${member}${facts.targetLegId}`, 'forwarded');
    if (type === 'call.transferred') targets.set(`${member}${facts.targetLegId}`, 'transferred');
  }
  return targets;
}

interface Place {
  readonly caller: boolean;
  readonly target: 'forwarded' | 'transferred' | undefined;
}

function readLeg(own: readonly Contribution[], first: Contribution, place: Place): Leg {
  let startedAt = Number.POSITIVE_INFINITY;
  let ringingAt: number | undefined;
  let answeredAt: number | undefined;
  let end: LegEnd | undefined;
  let heldFrom: number | undefined;
  let ringGroup: string | undefined;
  let declared: string | undefined;
  let transferredAway = false;
  const holds: Interval[] = [];
  for (const event of own) {
    const { type, time, facts } = event;
    startedAt = Math.min(startedAt, facts.startedAt ?? time);
    ringGroup ??= facts.ringGroup;
    if (facts.answeredAt !== undefined) answeredAt = Math.min(answeredAt ?? facts.answeredAt, facts.answeredAt);
    if (type === 'call.ringing') ringingAt ??= time;
    else if (type === 'call.answered') answeredAt = Math.min(answeredAt ?? time, facts.answeredAt ?? time);
    else if (type === 'call.held') heldFrom ??= time;
    else if (type === 'call.leg.added') declared ??= facts.role;
    else if (type === 'call.transferred') transferredAway = true;
    else if (type === 'call.ended') end ??= { at: facts.endedAt ?? time, event };
    else if (type === 'call.resumed' && heldFrom !== undefined) {
      holds.push({ from: heldFrom, to: time });
      heldFrom = undefined;
    }
  }
  if (heldFrom !== undefined) holds.push({ from: heldFrom, to: Number.POSITIVE_INFINITY });
  const role = roleOf(place, declared, ringGroup);
  const { member, leg: legId, account: accountId } = first;
  return { member, legId, role, accountId, startedAt, ringingAt, answeredAt, end, holds, ringGroup, transferredAway };
}

function roleOf(place: Place, declared: string | undefined, ringGroup: string | undefined): LegRecord['role'] {
  if (place.caller) return 'caller';
  if (place.target !== undefined) return place.target;
  if (declared === 'member' || declared === 'consult') return declared;
  if (declared === 'transferee') return 'transferred';
  if (declared === 'forwarder') return 'forwarded';
  return ringGroup === undefined ? 'callee' : 'member';
}
