import { compareCoordinate, compareElement, compareText } from './order.ts';
import type { Hex, Contribution } from './types.ts';

/** At most this many events of one type are kept on one leg: the lowest by order. */
export const REPEATS_MAX = 500;

const INDEX_FROM = 24;

/**
 * All that is known of one communication: a set of contributions, one for each (event id, body),
 * each at its lowest coordinate. `add` and `unite` are a join (commutative, associative,
 * idempotent), so no order of arrival, repeat or split into batches can leave a trace.
 */
export interface CommunicationState {
  /** The lowest of `members`: the id that keeps. */
  id: Hex;
  /** Ids that links have united, in byte order. */
  members: Hex[];
  /** As they came, until `sortedElements` puts them in canonical order. */
  elements: Contribution[];
  /** Something beyond the cap was left out. */
  overflow: boolean;
  /** Only for large sets: element keys to their place in `elements`. */
  index: Map<string, number> | undefined;
}

export function emptyState(id: Hex): CommunicationState {
  return { id, members: [id], elements: [], overflow: false, index: undefined };
}

/** Adds what one event says. Answers whether the state changed. */
export function add(state: CommunicationState, contribution: Contribution): boolean {
  let changed = false;
  for (const link of contribution.links) if (addMember(state, link)) changed = true;
  if (contribution.member !== state.id && addMember(state, contribution.member)) changed = true;
  const at = find(state, contribution);
  if (at >= 0) {
    const kept = state.elements[at];
    if (kept !== undefined && compareCoordinate(contribution, kept) >= 0) return changed;
    state.elements[at] = contribution;
    return true;
  }
  state.elements.push(contribution);
  state.index?.set(elementKey(contribution), state.elements.length - 1);
  return state.elements.length <= REPEATS_MAX || enforceCap(state, contribution) || changed;
}

/** Takes in all of `other`. Answers whether `state` changed. */
export function unite(state: CommunicationState, other: CommunicationState): boolean {
  let changed = other.overflow && !state.overflow;
  state.overflow ||= other.overflow;
  for (const member of other.members) if (addMember(state, member)) changed = true;
  for (const element of other.elements) if (add(state, element)) changed = true;
  return changed;
}

/** The elements in canonical order. Sorted in place: the order they stand in means nothing else. */
export function sortedElements(state: CommunicationState): readonly Contribution[] {
  const { elements } = state;
  for (let at = 1; at < elements.length; at += 1) {
    const before = elements[at - 1];
    const element = elements[at];
    if (before === undefined || element === undefined || compareElement(before, element) <= 0)
      continue;
    elements.sort(compareElement);
    state.index = undefined;
    break;
  }
  return elements;
}

/** Joins another communication's id to this one's. Answers whether it is new. */
export function addMember(state: CommunicationState, id: Hex): boolean {
  if (state.members.includes(id)) return false;
  state.members.push(id);
  state.members.sort(compareText);
  state.id = state.members[0] ?? id;
  return true;
}

function find(state: CommunicationState, wanted: Contribution): number {
  const { elements } = state;
  if (elements.length < INDEX_FROM) {
    return elements.findIndex(
      (element) => element.eventId === wanted.eventId && sameBody(element, wanted),
    );
  }
  state.index ??= new Map(elements.map((element, at) => [elementKey(element), at]));
  return state.index.get(elementKey(wanted)) ?? -1;
}

/** Same facts and same sealed parties: the source said the same thing again. */
function sameBody(a: Contribution, b: Contribution): boolean {
  return (
    a.factsDigest === b.factsDigest &&
    a.partyDigest === b.partyDigest &&
    a.time === b.time &&
    a.sequence === b.sequence &&
    a.member === b.member
  );
}

function elementKey(element: Contribution): string {
  const { eventId, factsDigest, partyDigest, time, sequence, member } = element;
  return `${eventId}${member}${factsDigest},${partyDigest},${time},${sequence}`;
}

/** Removes the highest of the added type and leg when it is one too many; false: it was the added one. */
function enforceCap(state: CommunicationState, added: Contribution): boolean {
  let count = 0;
  let highest = added;
  let highestAt = state.elements.length - 1;
  for (const [at, element] of state.elements.entries()) {
    if (element.type !== added.type || element.leg !== added.leg || element.member !== added.member)
      continue;
    count += 1;
    if (compareElement(element, highest) > 0) {
      highest = element;
      highestAt = at;
    }
  }
  if (count <= REPEATS_MAX) return true;
  const flagged = !state.overflow;
  state.overflow = true;
  const last = state.elements.pop();
  state.index?.delete(elementKey(highest));
  if (last !== undefined && last !== highest) {
    state.elements[highestAt] = last;
    state.index?.set(elementKey(last), highestAt);
  }
  return highest !== added || flagged;
}
