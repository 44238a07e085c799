import { delay } from '#platform';
import type { Clock } from '#platform';
import type { ViewLag } from '#projections';

export interface ViewSummary {
  readonly view: string;
  readonly lagEvents: number;
  readonly lagMs: number;
  readonly eventsPerSecond: number;
}

export interface LedgerStatus {
  /** µs since the epoch. */
  readonly at: number;
  /** Events in the journal's source logs, all in all. */
  readonly events: number;
  /** Events journaled a second, over the last few seconds. */
  readonly eventsPerSecond: number;
  readonly quarantined: number;
  readonly views: readonly ViewSummary[];
  readonly logs: readonly ViewLag[];
}

export interface StatusSources {
  readonly viewStatus: () => Promise<readonly ViewLag[]>;
  readonly countQuarantined: () => Promise<number>;
  readonly clock: Clock;
}

/** Asks the ledger at most once a second, however many consoles look at it. */
export interface StatusFeed {
  read(): Promise<LedgerStatus>;
}

const FRESH_US = 900_000;
const WINDOW_US = 5_000_000;
const FIRST_PAUSE_MS = 400;

interface Sample {
  readonly at: number;
  readonly heads: number;
  readonly positions: ReadonlyMap<string, number>;
}

export function createStatusFeed(sources: StatusSources): StatusFeed {
  const samples: Sample[] = [];
  let last: LedgerStatus | undefined;
  let asking: Promise<LedgerStatus> | undefined;

  const look = async (): Promise<{
    logs: readonly ViewLag[];
    quarantined: number;
    sample: Sample;
  }> => {
    const [logs, quarantined] = await Promise.all([
      sources.viewStatus(),
      sources.countQuarantined(),
    ]);
    return { logs, quarantined, sample: sampleOf(logs, sources.clock.now()) };
  };
  const ask = async (): Promise<LedgerStatus> => {
    const oldest = sources.clock.now() - WINDOW_US;
    while (samples[0] !== undefined && samples[0].at < oldest) samples.shift();
    // A rate takes two looks; whoever asks first after a while waits for the second.
    if (samples.length === 0) {
      samples.push((await look()).sample);
      await delay(FIRST_PAUSE_MS);
    }
    const { logs, quarantined, sample } = await look();
    samples.push(sample);
    last = summarise(logs, sample, samples[0] ?? sample, quarantined);
    return last;
  };

  return {
    async read() {
      if (last !== undefined && sources.clock.now() - last.at < FRESH_US) return last;
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}

function sampleOf(logs: readonly ViewLag[], at: number): Sample {
  const heads = new Map<string, number>();
  const positions = new Map<string, number>();
  for (const { view, log, position, head } of logs) {
    heads.set(log, Math.max(heads.get(log) ?? 0, head));
    positions.set(view, (positions.get(view) ?? 0) + position);
  }
  return { at, heads: [...heads.values()].reduce((sum, head) => sum + head, 0), positions };
}

function summarise(
  logs: readonly ViewLag[],
  now: Sample,
  before: Sample,
  quarantined: number,
): LedgerStatus {
  const seconds = Math.max((now.at - before.at) / 1e6, 1e-6);
  const rate = (later: number, earlier: number): number =>
    Math.max(0, Math.round((later - earlier) / seconds));
  const views = [...now.positions].map(([view, position]) => {
    const own = logs.filter((log) => log.view === view);
    return {
      view,
      lagEvents: own.reduce((sum, log) => sum + log.lagEvents, 0),
      lagMs: own.reduce((most, log) => Math.max(most, log.lagMs), 0),
      eventsPerSecond: rate(position, before.positions.get(view) ?? position),
    };
  });
  return {
    at: now.at,
    events: now.heads,
    eventsPerSecond: rate(now.heads, before.heads),
    quarantined,
    views,
    logs,
  };
}
