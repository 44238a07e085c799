import { IngestError } from '../errors.ts';
import { createRecordDecoder } from '../decode-record.ts';
import { formatNamed } from '../formats/index.ts';
import { createScopedIds } from '../ids/scoped-ids.ts';
import type { LogWriter } from '../log-writer.ts';
import { openWriter } from '../log-writer.ts';
import type { SharedParts } from '../parts.ts';
import type { Pipeline } from '../pipeline.ts';
import { createPipeline } from '../pipeline.ts';
import type { PlacedRecord, Receiver } from '../receive.ts';
import { createReceiver } from '../receive.ts';
import type { Entry } from '../slice.ts';
import { Slice } from '../slice.ts';
import type { Receipt } from './receipt.ts';
import { countingReceipt } from './receipt.ts';

/** Whose records they are: fixed by the credential. */
export interface Sender {
  readonly source: string;
  readonly accountId?: string | undefined;
}

/** A record handed in; `nativeId` names it where its events name none. */
export interface HandedIn {
  readonly body: Uint8Array;
  readonly nativeId: () => string;
  /** True where `body` is only the beginning of what was too long. */
  readonly isCut?: boolean;
}

/**
 * The way in for everything that is not Kafka, into one log of this process. Records of callers at
 * the same time share slices.
 */
export interface Intake {
  /** The records' place in the queue; `durable` tells when they are safe. */
  hand(sender: Sender, format: string, records: Iterable<HandedIn>): Promise<Receipt>;
  /** Entries made elsewhere, kept together. */
  handEntries(make: (offset: number) => readonly Entry[]): number;
  /** Resolves when everything up to the mark is durable. */
  durable(mark: number): Promise<void>;
  /** The highest mark that is durable. */
  readonly durableMark: number;
  /** Resolves when there is room for more: what keeps a fast stream within memory. */
  room(): Promise<void>;
  /** @throws IngestError `overloaded`, `store_away`, `stopped`: come back later */
  admit(): void;
  /** Rejects when the log cannot be written to any more. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** Entries waiting to become durable, at most, before single requests are asked to come back. */
const WAITING_MAX = 20_000;
/** A stream is read on while fewer wait. */
const ROOM = 5_000;
const AWAY_MS = 3_000;

/** @param log `i/<process id>`: one process writes it. */
export async function openIntake(parts: SharedParts, log: string): Promise<Intake> {
  const stopping = new AbortController();
  const { journal, sealer, idKeys, logger, failpoint } = parts;
  const writer = await openWriter(
    { journal, sealer, idKeys, logger, failpoint },
    log,
    stopping.signal,
  );
  return new Queue(parts, writer, stopping);
}

interface Waiter {
  readonly mark: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class Queue implements Intake {
  readonly done: Promise<void>;
  readonly #parts: SharedParts;
  readonly #writer: LogWriter;
  readonly #stopping: AbortController;
  readonly #pipeline: Pipeline;
  readonly #receivers = new Map<string, Receiver>();
  readonly #failed = Promise.withResolvers<void>();
  #slices: Slice[] = [new Slice()];
  #nextOffset: number;
  #added = 0;
  #durable = 0;
  #waiters: Waiter[] = [];
  #pump: Promise<void> | undefined;
  #failure: unknown;

  constructor(parts: SharedParts, writer: LogWriter, stopping: AbortController) {
    this.#parts = parts;
    this.#writer = writer;
    this.#stopping = stopping;
    this.#nextOffset = writer.resume ?? 0;
    this.#pipeline = createPipeline(writer, (slice) => this.#onDurable(slice));
    this.done = this.#failed.promise;
    this.done.catch(() => undefined);
  }

  get durableMark(): number {
    return this.#durable;
  }

  admit(): void {
    const { metrics } = this.#parts;
    if (this.#stopping.signal.aborted || this.#failure !== undefined) {
      throw new IngestError('stopped', 'this process is stopping; send it again', {
        cause: this.#failure,
      });
    }
    const { awaySince } = this.#writer;
    if (awaySince !== undefined && Date.now() - awaySince > AWAY_MS) {
      metrics.pushedBack('store_away');
      throw new IngestError(
        'store_away',
        'the event store is away; nothing was taken, send it again',
      );
    }
    if (this.#added - this.#durable > WAITING_MAX) {
      metrics.pushedBack('overloaded');
      throw new IngestError(
        'overloaded',
        'more is waiting than can be stored at once; nothing was taken, send it again',
      );
    }
  }

  async hand(sender: Sender, format: string, records: Iterable<HandedIn>): Promise<Receipt> {
    const receiver = this.#receiver(sender, format);
    const receipt = countingReceipt(this.#added);
    const sink = {
      add: (entry: Entry): void => {
        receipt.count(entry);
        receipt.mark = this.#add(entry);
      },
    };
    const draw = (): number => this.#nextOffset++;
    for (const handedIn of records) {
      const record = new Waiting(handedIn, draw);
      const waiting = receiver.receive(record, sink);
      if (waiting !== undefined) await waiting;
      receipt.records += 1;
    }
    return receipt;
  }

  handEntries(make: (offset: number) => readonly Entry[]): number {
    for (const entry of make(this.#nextOffset++)) this.#add(entry);
    return this.#added;
  }

  #add(entry: Entry): number {
    let slice = this.#slices.at(-1);
    if (slice === undefined || (slice.isFull && entry.coordinate.index === 0)) {
      slice = new Slice();
      this.#slices.push(slice);
    }
    slice.add(entry);
    this.#added += 1;
    this.#pump ??= this.#run();
    return this.#added;
  }

  async #run(): Promise<void> {
    try {
      // Requests of this turn of the event loop share the first slice.
      await new Promise(setImmediate);
      for (;;) {
        if (this.#slices.length === 1 && !this.#slices[0]?.isFull) await this.#pipeline.drain();
        const slice = this.#slices.shift();
        if (this.#slices.length === 0) this.#slices.push(new Slice());
        if (slice === undefined || slice.isEmpty) break;
        await this.#pipeline.push(slice);
      }
      await this.#pipeline.drain();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#pump = undefined;
    }
    if (this.#failure === undefined && this.#slices.some((slice) => !slice.isEmpty))
      this.#pump ??= this.#run();
  }

  #onDurable(slice: Slice): void {
    this.#parts.metrics.durable(this.#writer.log, slice);
    this.#durable += slice.entries.length;
    const ready = this.#waiters.filter(({ mark }) => mark <= this.#durable);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter(({ mark }) => mark > this.#durable);
    for (const { resolve } of ready) resolve();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(error);
    this.#failed.reject(error);
  }

  durable(mark: number): Promise<void> {
    if (mark <= this.#durable) return Promise.resolve();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#waiters.push({ mark, resolve, reject }));
  }

  room(): Promise<void> {
    return this.durable(this.#added - ROOM);
  }

  #receiver(sender: Sender, formatName: string): Receiver {
    const key = `${sender.source}\0${sender.accountId ?? ''}\0${formatName}`;
    const known = this.#receivers.get(key);
    if (known !== undefined) return known;
    const { schemas, clock, idKeys, sources, numbers, domains, latenessUs, wire } = this.#parts;
    const format = formatNamed(formatName);
    const settings = sources.get(sender.source);
    const fresh = createReceiver({
      schemas,
      clock,
      idKeys,
      decoder: createRecordDecoder({ schemas, wire, format, signal: this.#stopping.signal }),
      scope: {
        source:
          sender.accountId === undefined ? settings : { ...settings, accountId: sender.accountId },
        accountId: sender.accountId,
        ids: createScopedIds(sender.source, idKeys),
        numbers,
        domains,
        latenessUs,
      },
      log: this.#writer.log,
      format: format.name,
    });
    if (this.#receivers.size >= RECEIVERS_MAX) this.#receivers.clear();
    this.#receivers.set(key, fresh);
    return fresh;
  }

  async close(): Promise<void> {
    const grace = setTimeout(() => this.#stopping.abort(), GRACE_MS);
    await this.#pump;
    clearTimeout(grace);
    this.#stopping.abort();
    this.#failed.resolve();
  }
}

const RECEIVERS_MAX = 1_000;
const GRACE_MS = 10_000;

/** A record whose place in the log is drawn when it is added, so places rise in the order of the log. */
class Waiting implements PlacedRecord {
  readonly body: Uint8Array;
  readonly nativeId: () => string;
  readonly isCut: boolean;
  readonly #draw: () => number;
  #offset: number | undefined;

  constructor({ body, nativeId, isCut = false }: HandedIn, draw: () => number) {
    this.body = body;
    this.nativeId = nativeId;
    this.isCut = isCut;
    this.#draw = draw;
  }

  get offset(): number {
    this.#offset ??= this.#draw();
    return this.#offset;
  }

  get resume(): number {
    return this.offset + 1;
  }
}
