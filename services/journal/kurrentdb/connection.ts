import type {
  BinaryEventData,
  Credentials,
  ReadRevision,
  ResolvedEvent,
} from '@eventstore/db-client';
import { EventStoreDBClient, NotLeaderError, StreamNotFoundError } from '@eventstore/db-client';
import { JournalError } from '../port.ts';
import { explain, SilentStore } from './errors.ts';
import type { StoredEvent } from './frame.ts';
import { fromStore } from './frame.ts';

const READ_TRIES_MAX = 3;
const PAUSE_MS = 100;

export interface Timeouts {
  /** An append unanswered for so long has an unknown outcome. */
  readonly appendMs: number;
  /** A read that brings nothing for so long is given up. */
  readonly readMs: number;
}

/** What the adapter asks of the store; every call goes to the leader. */
export interface Connection {
  /** Rejects with the client's own errors. Resolves with the position of the last event. */
  append(
    log: string,
    events: readonly BinaryEventData[],
    expected: number | 'any',
  ): Promise<number>;
  /** Up to `count` events from position `from` on; fewer only at the end of the log. */
  readForwards(log: string, from: number, count: number): Promise<StoredEvent[]>;
  /** Up to `count` events from position `from` (or the last one) back. */
  readBackwards(log: string, from: number | 'end', count: number): Promise<StoredEvent[]>;
  close(): Promise<void>;
}

/** `prefix` and a log's name make the name of its stream. */
export function connect(connectionString: string, prefix: string, timeouts: Timeouts): Connection {
  const credentials = checkConnectionString(connectionString);
  const client = EventStoreDBClient.connectionString(connectionString);

  async function append(
    log: string,
    events: readonly BinaryEventData[],
    expected: number | 'any',
  ): Promise<number> {
    const result = client.appendToStream(prefix + log, [...events], {
      expectedRevision:
        expected === 'any' ? 'any' : expected === 0 ? 'no_stream' : BigInt(expected - 1),
      requiresLeader: true,
      deadline: timeouts.appendMs,
      // With credentials per call the client makes one gRPC call an append. Without, all appends
      // share one stream, where an error fails them all and a late answer ends the process.
      credentials,
    });
    const { nextExpectedRevision } = await settled(result, timeouts.appendMs + 1000);
    return Number(nextExpectedRevision) + 1;
  }

  async function read(
    log: string,
    fromRevision: ReadRevision,
    direction: 'forwards' | 'backwards',
    maxCount: number,
  ): Promise<StoredEvent[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        const stream = client.readStream(prefix + log, {
          fromRevision,
          direction,
          maxCount,
          requiresLeader: true,
        });
        const resolved = await collect(stream, timeouts.readMs);
        return resolved.map((event) => fromStore(log, event));
      } catch (error) {
        if (error instanceof StreamNotFoundError) return [];
        // The client has gone over to the leader it was told of; the channel it closed may have
        // carried this read too.
        const explained = explain(error);
        const again = error instanceof NotLeaderError || isUnavailable(explained);
        if (!again || error instanceof SilentStore || tries === READ_TRIES_MAX) throw explained;
        await pause(PAUSE_MS * tries);
      }
    }
  }

  return {
    append,
    readForwards: (log, from, count) => read(log, BigInt(from - 1), 'forwards', count),
    readBackwards: (log, from, count) =>
      read(log, from === 'end' ? 'end' : BigInt(from - 1), 'backwards', count),
    close: () => client.dispose(),
  };
}

/** Refuses what the client would silently ignore or get wrong. */
function checkConnectionString(connectionString: string): Credentials {
  const match = /^esdb(?:\+discover)?:\/\/(?:([^:@/]+):([^@/]+)@)?[^?]*(?:\?(.*))?$/.exec(
    connectionString.trim(),
  );
  if (match === null) {
    throw new JournalError(
      'invalid',
      'the event store is named by esdb:// or esdb+discover://, hosts and options',
    );
  }
  const [, username, password, query = ''] = match;
  const options = new Map(
    [...new URLSearchParams(query)].map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (options.get('tlsverifycert') === 'false') {
    throw new JournalError(
      'invalid',
      "tlsVerifyCert=false is not supported: name the server's authority with tlsCAFile=, or tls=false on loopback",
    );
  }
  if (options.has('throwonappendfailure')) {
    throw new JournalError('invalid', 'leave throwOnAppendFailure out of the connection string');
  }
  if (username !== undefined && password !== undefined) {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  }
  if (options.get('tls') === 'false') return { username: 'none', password: 'none' };
  throw new JournalError(
    'invalid',
    'the event store is reached over TLS: put user:password@ before the host',
  );
}

/** The promise, or SilentStore when it takes longer. A later rejection goes unheard. */
async function settled<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SilentStore(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, silent]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined);
  }
}

/** All events of a finite read, unless the store falls silent in between. */
async function collect(
  stream: ReturnType<EventStoreDBClient['readStream']>,
  silentMs: number,
): Promise<ResolvedEvent[]> {
  const events: ResolvedEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new SilentStore(`nothing read within ${silentMs} ms`)),
        silentMs,
      );
      stream.on('data', (event: ResolvedEvent) => {
        events.push(event);
        timer?.refresh();
      });
      stream.on('end', resolve);
      // Stays attached: the client may report an error after the read was given up.
      stream.on('error', reject);
    });
    return events;
  } catch (error) {
    stream.cancel().catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof JournalError && error.code === 'unavailable';
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
