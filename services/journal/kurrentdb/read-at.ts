import type { RecordedEvent } from '../port.ts';
import type { Connection } from './connection.ts';

/** Positions this close are read in one go. */
const GAP_MAX = 32;
const READS_AT_ONCE = 8;

interface Run {
  readonly from: number;
  readonly to: number;
}

/** See `Journal.readAt`; `positions` are sorted, each once. */
export async function readAt(
  connection: Connection,
  log: string,
  positions: readonly number[],
): Promise<RecordedEvent[]> {
  const runs = runsOf(positions);
  const wanted = new Set(positions);
  const found: RecordedEvent[] = [];
  for (let i = 0; i < runs.length; i += READS_AT_ONCE) {
    const pages = await Promise.all(
      runs
        .slice(i, i + READS_AT_ONCE)
        .map(({ from, to }) => connection.readForwards(log, from, to - from + 1)),
    );
    for (const { event } of pages.flat()) {
      // A run that begins among truncated events brings later ones instead; each is kept once.
      if (wanted.delete(event.position)) found.push(event);
    }
  }
  return found.sort((a, b) => a.position - b.position);
}

function runsOf(positions: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const position of positions) {
    if (position === 0) continue;
    const last = runs.at(-1);
    if (last !== undefined && position - last.to <= GAP_MAX)
      runs[runs.length - 1] = { from: last.from, to: position };
    else runs.push({ from: position, to: position });
  }
  return runs;
}
