import type { World } from './world.ts';

/** One measured value, in the unit its name says. */
export interface Measured {
  /** For example `events/s`; the same in every run. */
  readonly [quantity: string]: number;
}

/** Something the bench measures. */
export interface Figure {
  /** What selects it on the command line. */
  readonly name: string;
  readonly title: string;
  /** How often; the median is kept. */
  readonly runs: number;
  measure(world: World, options: BenchOptions): Promise<Measured>;
}

export interface BenchOptions {
  /** Size of a backlog. */
  readonly events: number;
  /** Write CPU profiles of the role processes here. */
  readonly profileDir: string | undefined;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** The median of each quantity by itself. */
export function medians(runs: readonly Measured[]): Measured {
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(runs.map((run) => run[name] ?? Number.NaN))]),
  );
}
