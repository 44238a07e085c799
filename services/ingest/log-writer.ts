import { decodeEnvelope } from '#events';
import type { Appended, Head, Journal, NewEvent, RecordedEvent } from '#journal';
import { JournalError, openLog } from '#journal';
import type { Failpoint, Logger } from '#platform';
import { createBackoff, delay } from '#platform';
import type { Sealer } from '#vault';
import { IngestError } from './errors.ts';
import type { LoadedIdKeys } from './ids/id-keys.ts';
import type { Entry } from './slice.ts';
import { sealEntries } from './slice.ts';

const FENCE = 'fence.raised';
const SETTLE_BATCH = 1_000;

/** Everything a log's writer works with. */
export interface WriterParts {
  readonly journal: Journal;
  readonly sealer: Sealer;
  readonly idKeys: LoadedIdKeys;
  readonly logger: Logger;
  readonly failpoint: Failpoint;
}

/** Entries sealed and ready for one append. */
export interface SealedSlice {
  readonly entries: readonly Entry[];
  readonly events: readonly NewEvent[];
  /** How many times the writer had re-read its scopes when sealing began. */
  readonly refreshes: number;
}

/** The one writer of a log. Its expected position is what fences a second one off. */
export interface LogWriter {
  readonly log: string;
  /** Where the log ended when it was opened or last written to. */
  readonly position: number;
  /** Where the source goes on; undefined in a log nobody wrote to. */
  readonly resume: number | undefined;
  /** Sealing may overlap with the append of the slice before. */
  seal(entries: readonly Entry[]): Promise<SealedSlice>;
  /**
   * Appends, waiting while the store is away; one call at a time. Fences that came between are
   * passed: scopes are read anew and the same records sealed again.
   *
   * @throws IngestError `superseded` when another writer took the log over, `store_full`, `stopped`
   */
  append(slice: SealedSlice): Promise<Appended>;
  /** The last event that came from the source. */
  lastRecorded(): Promise<RecordedEvent | undefined>;
  /** Since when the store has been away, ms since the epoch; undefined while it answers. */
  readonly awaySince: number | undefined;
}

/** Opens the log (`log.opened` comes first) and reads where it ends. Waits while the store is away. */
export async function openWriter(
  parts: WriterParts,
  log: string,
  signal: AbortSignal,
): Promise<LogWriter> {
  const head = await whileAway(parts.logger, signal, async () => {
    await openLog(parts.journal, log);
    return await parts.journal.head(log);
  });
  return new Writer(parts, log, { head, signal });
}

/** Repeats `work` while the store is away, with the reason in the log. */
export async function whileAway<T>(
  logger: Logger,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const backoff = createBackoff();
  for (let isFirst = true; ; isFirst = false) {
    try {
      const result = await work();
      if (!isFirst) logger.info('the event store answers again, going on');
      return result;
    } catch (error) {
      if (
        !(error instanceof JournalError) ||
        (error.code !== 'unavailable' && error.code !== 'unknown')
      )
        throw error;
      if (isFirst) logger.warn({ err: error }, 'the event store is away, waiting');
      await delay(backoff.next(), signal);
      if (signal.aborted) throw stopped(error);
    }
  }
}

function stopped(cause?: unknown): IngestError {
  return new IngestError(
    'stopped',
    'ingest was stopped while it waited; what was not appended comes again',
    { cause },
  );
}

class Writer implements LogWriter {
  readonly log: string;
  position: number;
  resume: number | undefined;
  awaySince: number | undefined;
  readonly #parts: WriterParts;
  readonly #signal: AbortSignal;
  #refreshes = 0;

  constructor(
    parts: WriterParts,
    log: string,
    { head, signal }: { head: Head | undefined; signal: AbortSignal },
  ) {
    this.log = log;
    this.#parts = parts;
    this.#signal = signal;
    this.position = head?.position ?? 0;
    this.resume = head?.resume;
  }

  async seal(entries: readonly Entry[]): Promise<SealedSlice> {
    const refreshes = this.#refreshes;
    return { entries, refreshes, events: await sealEntries(this.#parts.sealer, entries) };
  }

  async append(slice: SealedSlice): Promise<Appended> {
    const first = this.position + 1;
    let rest = slice;
    while (rest.entries.length > 0) {
      if (this.#signal.aborted) throw stopped();
      // Sealed before the slice ahead of it met a fence: its scopes may be the fenced ones.
      if (rest.refreshes !== this.#refreshes) rest = await this.seal(rest.entries);
      rest = await this.#appendOnce(rest);
    }
    return { first, last: this.position };
  }

  /** One try; resolves with what is still to be appended. */
  async #appendOnce(slice: SealedSlice): Promise<SealedSlice> {
    const { journal, failpoint } = this.#parts;
    failpoint('ingest.before_append');
    try {
      const { last } = await journal.append(this.log, slice.events, this.position);
      failpoint('ingest.after_append');
      this.#advance(last, slice.entries);
      return NOTHING;
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      return await this.#recover(slice, error);
    }
  }

  async #recover(slice: SealedSlice, error: JournalError): Promise<SealedSlice> {
    const { logger } = this.#parts;
    if (error.code === 'full') {
      throw new IngestError(
        'store_full',
        'the event store has no room left: free or add disk space, then start again; nothing was lost',
        {
          cause: error,
        },
      );
    }
    if (error.code === 'conflict') return await this.#settle(slice);
    if (error.code !== 'unavailable' && error.code !== 'unknown') throw error;
    this.awaySince ??= Date.now();
    try {
      // Reading the head tells both whether the store is back and what became of the append.
      return await whileAway(logger, this.#signal, () => this.#settle(slice));
    } finally {
      this.awaySince = undefined;
    }
  }

  /**
   * Learns what the log holds behind the expected position: our own events (an append whose answer
   * was lost), fences, or another writer's.
   */
  async #settle(slice: SealedSlice): Promise<SealedSlice> {
    const { journal, sealer, idKeys, logger } = this.#parts;
    let ours = 0;
    let fences = 0;
    let position = this.position;
    for await (const batch of journal.readLog(this.log, this.position, SETTLE_BATCH)) {
      for (const event of batch) {
        position = event.position;
        if (event.type === FENCE) fences += 1;
        else if (isSame(event, slice.entries[ours], slice.events[ours])) ours += 1;
        else throw this.#superseded();
      }
    }
    this.#advance(position, slice.entries.slice(0, ours));
    const entries = slice.entries.slice(ours);
    if (fences > 0) {
      logger.info(
        { log: this.log, fences },
        'a fence was raised: reading scopes anew and sealing again',
      );
      idKeys.clear();
      await sealer.refresh();
      this.#refreshes += 1;
    }
    return { entries, events: slice.events.slice(ours), refreshes: slice.refreshes };
  }

  #superseded(): IngestError {
    return new IngestError(
      'superseded',
      `another process writes the log ${this.log}; this one steps down and reads on from where the log ends`,
    );
  }

  #advance(position: number, entries: readonly Entry[]): void {
    this.position = position;
    for (let index = entries.length - 1; index >= 0; index -= 1) {
      const resume = entries[index]?.resume;
      if (resume === undefined) continue;
      this.resume = resume;
      return;
    }
  }

  async lastRecorded(): Promise<RecordedEvent | undefined> {
    const { journal, logger } = this.#parts;
    for (let to = this.position; to > 0; to -= 64) {
      const positions = Array.from({ length: Math.min(64, to) }, (_, index) => to - index);
      const events = await whileAway(logger, this.#signal, () =>
        journal.readAt(this.log, positions),
      );
      const last = events.findLast((event) => event.type !== FENCE);
      if (last !== undefined) return last;
    }
    return undefined;
  }
}

const NOTHING: SealedSlice = { entries: [], events: [], refreshes: 0 };

function isSame(
  recorded: RecordedEvent,
  entry: Entry | undefined,
  event: NewEvent | undefined,
): boolean {
  if (entry === undefined || event === undefined || recorded.type !== event.type) return false;
  if (Buffer.compare(recorded.id, event.id) !== 0) return false;
  const { coordinate } = decodeEnvelope(recorded.meta);
  return (
    coordinate.offset === entry.coordinate.offset && coordinate.index === entry.coordinate.index
  );
}
