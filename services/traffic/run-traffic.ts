import { createBackoff, delay, type Clock, type Logger } from '#platform';
import { scenesOf, type Stretch } from './arrivals.ts';
import { TrafficError } from './errors.ts';
import { usualFaults, type Emission, type Faults } from './faults.ts';
import { createPopulation } from './population.ts';
import type { Publisher } from './publish/publisher.ts';
import { readState, writeState, type TrafficState } from './state-file.ts';
import { createTraffic, type Traffic } from './stream.ts';

export interface RunTraffic {
  readonly publisher: Publisher;
  /** Events a second, averaged over a day. */
  readonly rate: number;
  /** Of a first start; later ones go on with the seed they began with. */
  readonly seed: number;
  /** ISO country the operator is at home in. */
  readonly home: string;
  /** Where progress is kept over restarts. */
  readonly stateFile: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly faults?: Faults;
  /** Told how many records have become durable so far. */
  readonly onProgress?: (published: number) => void;
}

/** Events a scene has in the mean: turns a rate of events into one of scenes. */
export const eventsPerScene = 4.83;
const depth = 0.5;
const population = { accounts: 400, outsiders: 60_000 };
const beatMs = 200;
const batchMax = 500;
/** A first start begins this long ago, so that finished calls show at once. */
const headStartSeconds = 240;
/** A pause longer than this is one: nobody called meanwhile. */
const pauseSeconds = 60;
/** Nothing lasts longer than this: what began before is over. */
const memorySeconds = 6 * 3600;
/** Scenes drawn again at a restart, at most, to find the calls that were still going on. */
const scenesAgainMax = 500_000;
const saveMs = 2_000;

/**
 * Publishes a living telephony day in real time, until the signal. Goes on where the last run
 * stopped: calls that were going on end now, and what an unclean end published twice carries the
 * same ids. While the other side is away it waits, says so once, and then catches up.
 *
 * @throws TrafficError `refused`, `bad_state`
 */
export async function runTraffic(options: RunTraffic): Promise<void> {
  const { clock, signal, stateFile, onProgress } = options;
  const begun = await beginOrResume(options);
  await writeState(stateFile, begun);
  const traffic = open(options, begun);
  let { publishedUntil } = begun;
  let published = 0;
  let savedAt = Date.now();
  while (!signal.aborted) {
    const now = clock.now();
    let isComplete = true;
    for (const batch of batches(traffic.until(now))) {
      isComplete = await publish(options, batch);
      if (!isComplete) break;
      published += batch.length;
      onProgress?.(published);
      // One µs less: the next batch may begin at the same time.
      publishedUntil = (batch.at(-1)?.at ?? now) - 1;
    }
    if (isComplete) publishedUntil = now;
    if (Date.now() - savedAt > saveMs) {
      await writeState(stateFile, { ...begun, publishedUntil });
      savedAt = Date.now();
    }
    await delay(beatMs, signal);
  }
  await writeState(stateFile, { ...begun, publishedUntil });
}

async function beginOrResume(options: RunTraffic): Promise<TrafficState> {
  const known = await readState(options.stateFile);
  const now = Math.floor(options.clock.now() / 1_000_000);
  const perSecond = options.rate / eventsPerScene;
  if (known === undefined) {
    const fromSecond = now - headStartSeconds;
    return {
      version: 1,
      seed: options.seed,
      stretches: [{ fromSecond, firstScene: 0, perSecond }],
      publishedUntil: fromSecond * 1_000_000,
    };
  }
  return { ...known, stretches: resume(known, now, perSecond) };
}

/** Adds the pause and the new rate; drops what nobody remembers. */
function resume(state: TrafficState, now: number, perSecond: number): Stretch[] {
  const stopped = Math.floor(state.publishedUntil / 1_000_000) + 1;
  const last = state.stretches.at(-1);
  if (last === undefined) return [{ fromSecond: now, firstScene: 0, perSecond }];
  const isPause = now - stopped > pauseSeconds;
  if (!isPause && last.perSecond === perSecond) return [...state.stretches];
  const firstScene = scenesOf(last, stopped, depth).first;
  const added: Stretch[] = isPause
    ? [
        { fromSecond: stopped, firstScene, perSecond: 0 },
        { fromSecond: now, firstScene, perSecond },
      ]
    : [{ fromSecond: stopped, firstScene, perSecond }];
  return [...state.stretches.filter(({ fromSecond }) => fromSecond < stopped), ...added];
}

function open({ home, faults = usualFaults }: RunTraffic, state: TrafficState): Traffic {
  const { seed, publishedUntil } = state;
  return createTraffic({
    seed,
    stretches: remembered(state),
    depth,
    population: createPopulation(population),
    faults,
    home,
    publishedUntil,
  });
}

/** The stretches from as far back as calls can reach, their scenes keeping their numbers. */
function remembered({ stretches, publishedUntil }: TrafficState): Stretch[] {
  const fastest = Math.max(1, ...stretches.map(({ perSecond }) => perSecond));
  const back = Math.min(memorySeconds, Math.floor(scenesAgainMax / fastest));
  const from = Math.floor(publishedUntil / 1_000_000) - back;
  const at = stretches.findLastIndex(({ fromSecond }) => fromSecond <= from);
  if (at < 0) return [...stretches];
  return stretches
    .slice(at)
    .map((stretch, place) => (place === 0 ? later(stretch, from) : stretch));
}

/** The same stretch, begun later. Its numbering starts at a rounded count, so it is kept whole. */
function later(stretch: Stretch, fromSecond: number): Stretch {
  return { ...stretch, visibleFrom: fromSecond };
}

function* batches(records: readonly Emission[]): Generator<readonly Emission[]> {
  for (let at = 0; at < records.length; at += batchMax) yield records.slice(at, at + batchMax);
}

/** Tries until the records are durable; false when told to stop meanwhile. */
async function publish(options: RunTraffic, batch: readonly Emission[]): Promise<boolean> {
  const { publisher, logger, signal } = options;
  const backoff = createBackoff({ firstMs: 200, maxMs: 5_000 });
  let told = false;
  while (!signal.aborted) {
    try {
      await publisher.publish(batch);
      if (told) logger.info({ to: publisher.name }, 'traffic goes on');
      return true;
    } catch (error) {
      if (!(error instanceof TrafficError) || error.code !== 'away') throw error;
      if (!told) logger.warn({ to: publisher.name, reason: error.message }, 'traffic waits');
      told = true;
      await delay(error.retryAfterMs ?? backoff.next(), signal);
    }
  }
  return false;
}
