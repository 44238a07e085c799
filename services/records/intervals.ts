/** Half-open, µs. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Length of the union of the intervals within [from, to), in µs. */
export function coveredUs(intervals: readonly Interval[], from: number, to: number): number {
  let covered = 0;
  let reached = from;
  for (const interval of intervals.toSorted((a, b) => a.from - b.from)) {
    const start = Math.max(reached, interval.from);
    const end = Math.min(to, interval.to);
    if (end <= start) continue;
    covered += end - start;
    reached = end;
  }
  return covered;
}
