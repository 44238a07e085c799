import { checkAppend, checkLimit, checkLog, checkPosition, checkPositions } from '../check.ts';
import type { Journal } from '../port.ts';
import { append, ATOMIC_BYTES_MAX } from './append.ts';
import type { Timeouts } from './connection.ts';
import { connect } from './connection.ts';
import { createLogs } from './logs.ts';
import { readAt } from './read-at.ts';
import { readLog } from './read-log.ts';

/** The category of the streams, should the server's category projection run. */
const PREFIX = 'tollbook-';
const TIMEOUTS: Timeouts = { appendMs: 10_000, readMs: 10_000 };

export interface KurrentJournalOptions {
  /** `esdb://…` or `esdb+discover://…`, see the service's README for what it may say. */
  readonly connectionString: string;
  /** Begins the name of every stream, `tollbook-` by default: one server can hold several ledgers. */
  readonly prefix?: string;
  readonly timeouts?: Partial<Timeouts>;
}

/**
 * A journal in KurrentDB, one stream per log. Nothing is asked of the server before the first call.
 *
 * @throws JournalError `invalid` for a connection string the client would not honour.
 */
export function createKurrentJournal(options: KurrentJournalOptions): Journal {
  const { connectionString, prefix = PREFIX, timeouts } = options;
  const connection = connect(connectionString, prefix, { ...TIMEOUTS, ...timeouts });
  const logs = createLogs(connection);
  return {
    maxAtomicBytes: ATOMIC_BYTES_MAX,
    async append(log, events, expected) {
      checkAppend(log, events, expected);
      return await append(connection, logs, log, events, expected);
    },
    readLog(log, after, limit) {
      checkLog(log);
      checkPosition(after);
      checkLimit(limit);
      return readLog(connection, log, after, limit);
    },
    async readAt(log, positions) {
      checkLog(log);
      return await readAt(connection, log, checkPositions(positions));
    },
    async head(log) {
      checkLog(log);
      const head = await logs.readHead(log);
      if (head === undefined) return undefined;
      return head.resume === undefined
        ? { position: head.position }
        : { position: head.position, resume: head.resume };
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
    },
  };
}
