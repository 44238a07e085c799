import type { Journal, RecordedEvent } from '#journal';
import { DECISIONS, listLogs } from '#journal';
import type { NumberedEvent } from './contribute.ts';

/** The log that only the recorder writes; it says nothing of what happened. */
export const USAGE_LOG = 'usage';

/** How far one log has been read. */
export interface LogTail {
  /** Position of its `log.opened` in the decision log: the same in every rebuild. */
  readonly logNo: number;
  readonly log: string;
  position: number;
  /** The store's time of the event at `position`; 0 before the first. */
  recordedAt: number;
}

export interface Round {
  readonly events: readonly NumberedEvent[];
  /** Where each log stands that had something, after these events. */
  readonly reached: readonly Readonly<LogTail>[];
  /** No log had more than what is here. */
  readonly atEnd: boolean;
}

export interface LogTails {
  /** Reads on from where the last call ended, at most one batch of each log. */
  read(): Promise<Round>;
  /** Back to given checkpoints: after a failed write. */
  reset(tails: readonly LogTail[]): void;
}

interface OpenTail {
  readonly tail: LogTail;
  /** A read in progress: the adapter fetches the next page while this one is worked on. */
  reading: AsyncIterator<RecordedEvent[]> | undefined;
}

/**
 * All logs whose events are about communications: traffic, intake, imports and the closer's.
 *
 * @param batchMax events of one log in one round, at most
 * @param also takes in the usage log too, as a rebuild does
 */
export function createLogTails(
  journal: Journal,
  checkpoints: readonly LogTail[],
  {
    batchMax,
    also = () => false,
  }: { readonly batchMax: number; readonly also?: (log: string) => boolean },
): LogTails {
  let tails = open(checkpoints);

  const discover = async (): Promise<void> => {
    for (const { log, openedAt } of await listLogs(journal)) {
      if (log === DECISIONS || (log === USAGE_LOG && !also(log)) || tails.has(openedAt)) continue;
      tails.set(openedAt, {
        tail: { logNo: openedAt, log, position: 0, recordedAt: 0 },
        reading: undefined,
      });
    }
  };

  const readSome = async (one: OpenTail): Promise<RecordedEvent[]> => {
    const { log, position } = one.tail;
    one.reading ??= iteratorOf(journal.readLog(log, position, batchMax));
    const next = await one.reading.next();
    if (next.done === true) one.reading = undefined;
    return next.done === true ? [] : next.value;
  };

  return {
    async read() {
      await discover();
      const all = [...tails.values()];
      const first = inStep(all);
      const round = await readAll(first, readSome, batchMax);
      if (round.events.length > 0 || first.length === all.length) return round;
      return await readAll(all, readSome, batchMax);
    },
    reset(to) {
      for (const { reading } of tails.values()) void reading?.return?.().catch(() => undefined);
      tails = open(to);
    },
  };
}

function iteratorOf<T>(iterable: AsyncIterable<T>): AsyncIterator<T> {
  return iterable[Symbol.asyncIterator]();
}

async function readAll(
  all: readonly OpenTail[],
  readSome: (one: OpenTail) => Promise<RecordedEvent[]>,
  batchMax: number,
): Promise<Round> {
  const events: NumberedEvent[] = [];
  const reached: LogTail[] = [];
  let atEnd = true;
  const batches = await Promise.all(all.map(readSome));
  for (const [at, batch] of batches.entries()) {
    const tail = all[at]?.tail;
    const last = batch.at(-1);
    if (tail === undefined || last === undefined) continue;
    for (const recorded of batch) events.push({ logNo: tail.logNo, recorded });
    tail.position = last.position;
    tail.recordedAt = last.recordedAt;
    reached.push({ ...tail });
    if (batch.length >= batchMax) atEnd = false;
  }
  return { events, reached, atEnd };
}

/** The usage log is read behind what it speaks of: only as far as the others have come in time. */
function inStep(all: readonly OpenTail[]): readonly OpenTail[] {
  const others = all.filter(({ tail }) => tail.log !== USAGE_LOG);
  const now = Math.max(0, ...others.map(({ tail }) => tail.recordedAt));
  return all.filter(({ tail }) => tail.log !== USAGE_LOG || tail.recordedAt < now);
}

function open(checkpoints: readonly LogTail[]): Map<number, OpenTail> {
  return new Map(
    checkpoints.map((tail) => [tail.logNo, { tail: { ...tail }, reading: undefined }]),
  );
}
