import { compareCoordinate, compareOrder } from './order.ts';
import type { CommunicationState } from './state.ts';
import type { Contribution } from './types.ts';
import { precedenceOf } from './vocabulary.ts';

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
  const byId = new Map<string, Contribution>();
  for (const element of state.elements) {
    const rival = byId.get(element.eventId);
    if (rival === undefined || compareCoordinate(element, rival) < 0)
      byId.set(element.eventId, element);
  }
  let conflicts = 0;
  if (byId.size < state.elements.length) {
    for (const element of state.elements) {
      const winner = byId.get(element.eventId);
      if (winner !== undefined && contradicts(element, winner)) conflicts += 1;
    }
  }
  const events = [...byId.values()].sort(compareOrder);
  const ranked = events.toSorted((a, b) => precedenceOf(a.type) - precedenceOf(b.type));
  return { events, ranked, conflicts };
}

/** Parties that were left out, or whose pointer died, contradict nobody. */
function contradicts(a: Contribution, b: Contribution): boolean {
  if (a.factsDigest !== b.factsDigest) return true;
  return a.partyDigest !== b.partyDigest && a.partyDigest !== 0 && b.partyDigest !== 0;
}
