import type { EachBatchPayload } from 'kafkajs';
import { decodeEnvelope } from '#events';
import type { RecordedEvent } from '#journal';
import { delay } from '#platform';
import { createRecordDecoder } from '../decode-record.ts';
import { IngestError } from '../errors.ts';
import { formatNamed } from '../formats/index.ts';
import { createScopedIds } from '../ids/scoped-ids.ts';
import type { LogWriter } from '../log-writer.ts';
import { openWriter } from '../log-writer.ts';
import type { SharedParts } from '../parts.ts';
import type { Pipeline } from '../pipeline.ts';
import { createPipeline } from '../pipeline.ts';
import { QUARANTINED } from '../quarantine/quarantine-record.ts';
import type { PlacedRecord, Receiver } from '../receive.ts';
import { createReceiver } from '../receive.ts';
import { Slice } from '../slice.ts';
import { beating } from './beating.ts';
import { fetchedOffset, placed } from './messages.ts';
import type { TopicSettings, Watermarks } from './topic.ts';
import { logOf, recreated, startingOffset } from './topic.ts';

/** What a partition asks of the consumer it belongs to. */
export interface PartitionHost {
  watermarks(topic: string, partition: number): Promise<Watermarks | undefined>;
  seek(topic: string, partition: number, offset: number): void;
}

/** One assignment of one partition: from a rebalance to the next. */
export interface PartitionIntake {
  /** Takes a batch as far as it goes; durable when it resolves. */
  process(payload: EachBatchPayload): Promise<void>;
  /** Gives up what is not yet durable: it comes again to whoever owns the partition next. */
  close(): void;
}

const COMMIT_EVERY_MS = 5_000;
const RETRY_OPEN_MS = 1_000;

export function createPartitionIntake(
  parts: SharedParts,
  host: PartitionHost,
  place: { readonly settings: TopicSettings; readonly partition: number },
): PartitionIntake {
  return new Partition(parts, host, place);
}

interface Opened {
  readonly writer: LogWriter;
  readonly pipeline: Pipeline;
  readonly receiver: Receiver;
}

class Partition implements PartitionIntake {
  readonly #parts: SharedParts;
  readonly #host: PartitionHost;
  readonly #settings: TopicSettings;
  readonly #partition: number;
  readonly #log: string;
  readonly #source: string;
  readonly #closed = new AbortController();
  #opened: Promise<Opened>;
  /** Offset that the next batch must begin at. */
  #next = 0;
  /** Offset last asked for by a seek. */
  #sought: number | undefined;
  /** The last journaled record, to be seen once more at the place it came from. */
  #witness: RecordedEvent | undefined;
  #committedAt = 0;

  constructor(
    parts: SharedParts,
    host: PartitionHost,
    place: { readonly settings: TopicSettings; readonly partition: number },
  ) {
    this.#parts = parts;
    this.#host = host;
    this.#settings = place.settings;
    this.#partition = place.partition;
    this.#log = logOf(place.settings, place.partition);
    this.#source = place.settings.source ?? place.settings.topic;
    this.#opened = this.#open();
    this.#opened.catch(() => undefined);
  }

  close(): void {
    this.#closed.abort();
  }

  async #open(): Promise<Opened> {
    const { signal } = this.#closed;
    const { journal, sealer, idKeys, logger, failpoint, metrics } = this.#parts;
    const writer = await openWriter(
      { journal, sealer, idKeys, logger, failpoint },
      this.#log,
      signal,
    );
    const marks = await this.#watermarks();
    const start = startingOffset(this.#settings, this.#partition, { resume: writer.resume, marks });
    const canWitness = writer.resume !== undefined && start > marks.low;
    this.#witness = canWitness ? await writer.lastRecorded() : undefined;
    this.#next = this.#witness === undefined ? start : start - 1;
    this.#seek();
    logger.info(
      { log: this.#log, position: writer.position, offset: start },
      'reading a partition',
    );
    return {
      writer,
      pipeline: createPipeline(writer, (slice) => metrics.durable(this.#source, slice)),
      receiver: this.#receiver(),
    };
  }

  #seek(): void {
    this.#sought = this.#next;
    this.#host.seek(this.#settings.topic, this.#partition, this.#next);
  }

  #receiver(): Receiver {
    const { schemas, clock, idKeys, wire, sources, domains, numbers, latenessUs } = this.#parts;
    const format = formatNamed(this.#settings.format ?? 'tollbook');
    return createReceiver({
      schemas,
      clock,
      idKeys,
      decoder: createRecordDecoder({ schemas, wire, format, signal: this.#closed.signal }),
      scope: {
        source: sources.get(this.#source),
        ids: createScopedIds(this.#source, idKeys),
        numbers,
        domains,
        latenessUs,
      },
      log: this.#log,
      format: format.name,
    });
  }

  /** Waits while the broker is away. */
  async #watermarks(): Promise<Watermarks> {
    const { topic } = this.#settings;
    for (;;) {
      this.#throwIfClosed();
      try {
        const marks = await this.#host.watermarks(topic, this.#partition);
        if (marks !== undefined) return marks;
      } catch (error) {
        this.#parts.logger.warn({ err: error, log: this.#log }, 'the broker is away, waiting');
      }
      await delay(RETRY_OPEN_MS, this.#closed.signal);
    }
  }

  #throwIfClosed(): void {
    if (this.#closed.signal.aborted) {
      throw new IngestError(
        'stopped',
        `${this.#log}: the partition was taken away or ingest is stopping`,
      );
    }
  }

  async process(payload: EachBatchPayload): Promise<void> {
    const { heartbeat } = payload;
    try {
      const opened = await beating(this.#opened, heartbeat);
      if (payload.isStale() || !(await this.#isNext(payload))) return;
      await this.#take(payload, opened);
    } catch (error) {
      // Taken away or stopping: whoever owns the partition next goes on from the log's head.
      if (this.#closed.signal.aborted) return;
      if (!(error instanceof IngestError) || error.code !== 'superseded') throw error;
      this.#parts.logger.warn({ err: error, log: this.#log }, 'stepping down');
      this.#reopen();
    }
  }

  #reopen(): void {
    this.#opened = delay(RETRY_OPEN_MS, this.#closed.signal).then(() => this.#open());
    this.#opened.catch(() => undefined);
  }

  /**
   * Whether the batch begins where the log goes on. kafkajs resets an offset that is out of range
   * without a word, so a batch that begins elsewhere is looked into before anything of it is taken.
   */
  async #isNext({ batch, heartbeat }: EachBatchPayload): Promise<boolean> {
    const fetched = fetchedOffset(batch);
    if (fetched === this.#next) return true;
    const marks = await beating(this.#watermarks(), heartbeat);
    if (fetched > this.#next && marks.low <= this.#next && this.#next <= marks.high) {
      // Asked for from here and passed over: control records and aborted transactions alone.
      if (this.#sought === this.#next) {
        this.#next = fetched;
        return true;
      }
      this.#seek();
      return false;
    }
    this.#reopen();
    await beating(this.#opened, heartbeat);
    return false;
  }

  async #take(payload: EachBatchPayload, { pipeline, receiver, writer }: Opened): Promise<void> {
    const { batch, heartbeat, isRunning } = payload;
    const resume = writer.resume ?? 0;
    let taken: string | undefined;
    let slice = new Slice();
    for (const message of batch.messages) {
      if (!isRunning() || this.#closed.signal.aborted) break;
      const record = placed(message);
      if (record.offset >= resume) {
        const waiting = receiver.receive(record, slice);
        if (waiting !== undefined) await beating(waiting, heartbeat);
      } else if (this.#witness !== undefined) {
        await this.#compare(record, receiver, this.#witness);
      }
      taken = message.offset;
      if (slice.entries.length === 2) this.#parts.failpoint('ingest.mid_slice');
      if (!slice.isFull) continue;
      await beating(pipeline.push(slice), heartbeat);
      slice = new Slice();
      await heartbeat();
    }
    if (!slice.isEmpty) await beating(pipeline.push(slice), heartbeat);
    await beating(pipeline.drain(), heartbeat);
    this.#witness = undefined;
    if (taken !== undefined) await this.#advance(payload, taken);
  }

  async #advance(payload: EachBatchPayload, taken: string): Promise<void> {
    const { batch, resolveOffset } = payload;
    const isWhole = batch.messages.at(-1)?.offset === taken;
    resolveOffset(taken);
    this.#next = Number(isWhole ? batch.lastOffset() : taken) + 1;
    this.#parts.metrics.lag(this.#log, Math.max(0, Number(batch.highWatermark) - this.#next));
    if (Date.now() - this.#committedAt < COMMIT_EVERY_MS) return;
    this.#committedAt = Date.now();
    await this.#commitHint(payload);
  }

  /** For the operator's tools alone: where to go on is read from the log's head. */
  async #commitHint({ commitOffsetsIfNecessary }: EachBatchPayload): Promise<void> {
    const partitions = [{ partition: this.#partition, offset: String(this.#next) }];
    try {
      await commitOffsetsIfNecessary({ topics: [{ topic: this.#settings.topic, partitions }] });
    } catch (error) {
      this.#parts.logger.debug(
        { err: error, log: this.#log },
        'the group offset was not committed; it is only a hint',
      );
    }
  }

  /** The record at the place of the last journaled one must be that record. */
  async #compare(record: PlacedRecord, receiver: Receiver, witness: RecordedEvent): Promise<void> {
    const { coordinate } = decodeEnvelope(witness.meta);
    if (record.offset !== coordinate.offset) return;
    const { brokerTime } = coordinate;
    if (brokerTime !== undefined && brokerTime !== record.brokerTime) {
      throw recreated(
        this.#settings,
        this.#partition,
        `the record at offset ${record.offset} has another time than was journaled`,
      );
    }
    if (witness.type === QUARANTINED) return;
    const { events } = await receiver.examine(record);
    const again = events[coordinate.index];
    if (again === undefined) {
      // Settings, a format or its age may refuse it today: that proves nothing, and its time was the same.
      this.#parts.logger.info(
        { log: this.#log },
        'the last journaled record would not be read as then',
      );
    } else if (Buffer.compare(again.request.eventId, witness.id) !== 0) {
      throw recreated(
        this.#settings,
        this.#partition,
        `the record at offset ${record.offset} is not the one journaled`,
      );
    }
  }
}
