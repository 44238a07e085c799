import type { Contribution } from './types.ts';

/** Byte order of two strings, as `Array.sort` wants it. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What happened first, as the source tells it: time, then source sequence, then event id. */
export function compareOrder(a: Contribution, b: Contribution): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.sequence !== b.sequence) return a.sequence - b.sequence;
  return compareText(a.eventId, b.eventId);
}

/** Which came first into the journal: the log opened earlier, then the position. */
export function compareCoordinate(a: Contribution, b: Contribution): number {
  return a.log === b.log ? a.position - b.position : a.log - b.log;
}

/**
 * A total order of a set's elements that no coordinate takes part in: two variants of one event id
 * differ in a digest. The cap and the codec use it, so both are the same however the set grew.
 */
export function compareElement(a: Contribution, b: Contribution): number {
  return (
    compareOrder(a, b) ||
    a.factsDigest - b.factsDigest ||
    a.partyDigest - b.partyDigest ||
    compareText(a.member, b.member)
  );
}
