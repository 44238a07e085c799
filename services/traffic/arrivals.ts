/** A stretch of time in which communications begin at one mean rate. */
export interface Stretch {
  /** Whole seconds since 1970. */
  readonly fromSecond: number;
  /** Number of the first communication that begins in it. */
  readonly firstScene: number;
  /** Communications a second, averaged over a day. */
  readonly perSecond: number;
  /** Scenes before this second are not played: all of them are over. */
  readonly visibleFrom?: number;
}

/** How traffic spreads over the hours of a day (UTC): 1 is the daily mean. */
const hours: readonly number[] = normalised([
  ...[0.22, 0.14, 0.1, 0.08, 0.1, 0.18, 0.45, 0.9, 1.5, 1.85, 1.95, 1.8],
  ...[1.6, 1.7, 1.85, 1.8, 1.7, 1.55, 1.35, 1.15, 0.95, 0.75, 0.5, 0.33],
]);

const hourSeconds = 3600;
const daySeconds = 86_400;

/**
 * Which scenes begin in a second: those from `first` up to, not including, `end`. A pure function of
 * the stretch, so that any second can be visited without those before it.
 *
 * @param depth how much of the daily curve shows: 1 all of it, 0 a flat line
 */
export function scenesOf(
  stretch: Stretch,
  second: number,
  depth: number,
): { first: number; end: number } {
  const { fromSecond, firstScene, perSecond } = stretch;
  const until = (end: number): number =>
    firstScene + Math.floor(perSecond * (load(end, depth) - load(fromSecond, depth)));
  return { first: until(second), end: until(second + 1) };
}

/** Mean-rate seconds from 1970 up to `second`. */
function load(second: number, depth: number): number {
  const days = Math.floor(second / daySeconds);
  const rest = second - days * daySeconds;
  const hour = Math.floor(rest / hourSeconds);
  let curved = days * daySeconds;
  for (let past = 0; past < hour; past += 1) curved += (hours[past] ?? 1) * hourSeconds;
  curved += (hours[hour] ?? 1) * (rest - hour * hourSeconds);
  return depth * curved + (1 - depth) * second;
}

function normalised(weights: readonly number[]): number[] {
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return weights.map((weight) => weight / mean);
}
