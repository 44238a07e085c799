import { compareCoordinate } from './order.ts';
import type { CommunicationState } from './state.ts';
import { sortedElements } from './state.ts';
import type { Contribution } from './types.ts';
import { PRECEDENCES, precedenceOf } from './vocabulary.ts';

export interface Winners {
  /** One contribution an event id, the one that came into the journal first; in order. */
  readonly events: readonly Contribution[];
  /** The same by declared precedence of their types, then by order. */
  readonly ranked: readonly Contribution[];
  /** Contributions that repeat an id with another body. */
  readonly conflicts: number;
}

/** Settles which body counts for each event id. */
export function settle(state: CommunicationState): Winners {
  const sorted = sortedElements(state);
  let conflicts = 0;
  let events = sorted;
  if (hasRepeatedIds(sorted)) {
    const byId = new Map<string, Contribution>();
    for (const element of sorted) {
      const rival = byId.get(element.eventId);
      if (rival === undefined || compareCoordinate(element, rival) < 0)
        byId.set(element.eventId, element);
    }
    for (const element of sorted) {
      const winner = byId.get(element.eventId);
      if (winner !== undefined && contradicts(element, winner)) conflicts += 1;
    }
    events = sorted.filter((element) => byId.get(element.eventId) === element);
  }
  return { events, ranked: byPrecedence(events), conflicts };
}

const FEW = 12;

function hasRepeatedIds(elements: readonly Contribution[]): boolean {
  if (elements.length > FEW)
    return new Set(elements.map(({ eventId }) => eventId)).size < elements.length;
  for (let at = 1; at < elements.length; at += 1) {
    for (let before = 0; before < at; before += 1) {
      if (elements[at]?.eventId === elements[before]?.eventId) return true;
    }
  }
  return false;
}

/** Keeps the order within each rank. */
function byPrecedence(events: readonly Contribution[]): readonly Contribution[] {
  const ranked: Contribution[] = [];
  for (let rank = 0; rank < PRECEDENCES && ranked.length < events.length; rank += 1) {
    for (const event of events) if (precedenceOf(event.type) === rank) ranked.push(event);
  }
  return ranked;
}

/** Parties that were left out, or whose pointer died, contradict nobody. */
function contradicts(a: Contribution, b: Contribution): boolean {
  if (a.factsDigest !== b.factsDigest) return true;
  return a.partyDigest !== b.partyDigest && a.partyDigest !== 0 && b.partyDigest !== 0;
}
