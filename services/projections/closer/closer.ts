import type { Schemas } from '#events';
import { ledgerEvent } from '#events';
import type { Journal, NewEvent } from '#journal';
import { DECISIONS, listLogs, openLog } from '#journal';
import type { Pool } from '#platform';
import type { CommunicationState } from '#records';
import { assemble, CLOSED_BY_TIMEOUT, lastEvidence } from '#records';
import sodium from 'sodium-native';
import { readCheckpoints } from '../engine/checkpoints.ts';
import { USAGE_LOG } from '../engine/log-tails.ts';
import { plainId } from '../engine/resolve.ts';
import { readStoredState } from '../engine/stored-state.ts';

/** The log that only the closer writes. */
export const CLOSER_LOG = 'closer';

export interface CloserSettings {
  readonly pool: Pool;
  readonly journal: Journal;
  readonly schemas: Schemas;
  /** How far a source must have gone on after a call's last sign of life, by its own clock. */
  readonly closeAfterUs: number;
}

export interface Closer {
  /** Closes what is due. Answers how many calls. */
  step(): Promise<number>;
}

const CANDIDATES_MAX = 500;

interface Candidate {
  readonly id: string;
  readonly started_at: number;
  readonly state: Buffer;
  readonly refs: Buffer;
}

/**
 * Closes calls whose end never came. It reads the sources' own clocks and no other: a call is closed
 * when every log that spoke of it has told of times `closeAfterUs` later and nothing waits to be
 * projected, so a silent source closes nothing.
 */
export async function createCloser({
  pool,
  journal,
  schemas,
  closeAfterUs,
}: CloserSettings): Promise<Closer> {
  await openLog(journal, CLOSER_LOG);
  /** Open calls that began up to here were looked at; those that may not be closed yet wait. */
  let lookedThrough = 0;
  let lookedAnew = 0;
  let waiting: readonly string[] = [];

  return {
    async step() {
      const position = await caughtUp(pool, journal);
      if (position === undefined) return 0;
      const clocks = await readClocks(pool);
      const bound = clocks.latest - closeAfterUs;
      // A call may turn up late, with a start that was passed already.
      if (bound - lookedAnew > closeAfterUs) {
        lookedAnew = bound;
        lookedThrough = 0;
        waiting = [];
      }
      const calls = await openCalls(pool, { from: lookedThrough, to: bound, waiting });
      const due: NewEvent[] = [];
      const early: string[] = [];
      for (const call of calls) {
        const state = readStoredState(call.state, call.refs);
        const event = closing(schemas, state, { clocks, closeAfterUs });
        if (event === undefined) early.push(call.id);
        else due.push(event);
      }
      if (due.length > 0) await journal.append(CLOSER_LOG, due, position);
      lookedThrough =
        calls.length < CANDIDATES_MAX
          ? Math.max(lookedThrough, bound)
          : (calls.at(-1)?.started_at ?? bound);
      waiting = early;
      return due.length;
    },
  };
}

/** The head of the closer's log when every log is in the views up to its head; else undefined. */
async function caughtUp(pool: Pool, journal: Journal): Promise<number | undefined> {
  const at = new Map(
    (await readCheckpoints(pool, 'records')).map((tail) => [tail.log, tail.position]),
  );
  let own = 0;
  for (const { log } of await listLogs(journal)) {
    if (log === DECISIONS || log === USAGE_LOG) continue;
    const head = (await journal.head(log))?.position ?? 0;
    if ((at.get(log) ?? 0) < head) return undefined;
    if (log === CLOSER_LOG) own = head;
  }
  return own;
}

interface Clocks {
  /** The furthest of all. */
  readonly latest: number;
  at(source: string, logNo: number): number;
}

async function readClocks(pool: Pool): Promise<Clocks> {
  const result = await pool.query<{ source: string; log_no: number; last_at: number }>(
    'select source, log_no, last_at from views.source_clock',
  );
  const times = new Map(result.rows.map((row) => [`${row.log_no} ${row.source}`, row.last_at]));
  const latest = Math.max(0, ...times.values());
  return { latest, at: (source, logNo) => times.get(`${logNo} ${source}`) ?? 0 };
}

interface Search {
  readonly from: number;
  readonly to: number;
  readonly waiting: readonly string[];
}

async function openCalls(pool: Pool, { from, to, waiting }: Search): Promise<Candidate[]> {
  const select = `select s.id, s.started_at, s.state, c.refs
       from views.cdr c join views.state s on s.id = c.id
      where c.status = 'open' and c.kind = 'call'`;
  const again = await pool.query<Candidate>(`${select} and s.id = any($1::uuid[])`, [waiting]);
  const first = await pool.query<Candidate>(
    `${select} and c.started_at >= $1 and c.started_at < $2 order by c.started_at, c.id limit $3`,
    [from, to, CANDIDATES_MAX],
  );
  const seen = new Set(again.rows.map(({ id }) => id));
  return [...again.rows, ...first.rows.filter(({ id }) => !seen.has(id))];
}

interface Terms {
  readonly clocks: Clocks;
  readonly closeAfterUs: number;
}

function closing(
  schemas: Schemas,
  state: CommunicationState,
  { clocks, closeAfterUs }: Terms,
): NewEvent | undefined {
  const last = lastEvidence(state.elements);
  for (const { source, log, type } of state.elements) {
    if (type === CLOSED_BY_TIMEOUT) return undefined;
    if (clocks.at(source, log) < last + closeAfterUs) return undefined;
  }
  const { accountId, source } = assemble(state);
  const communicationId = Buffer.from(plainId(state.id), 'hex');
  return ledgerEvent(schemas, {
    type: 'call.closed_by_timeout',
    eventId: closingId(communicationId),
    occurredAt: last,
    communicationId,
    accountId,
    source,
    values: { lastEvidenceAt: last },
  });
}

/** A communication is closed at most once: its id alone makes the event's. */
function closingId(communicationId: Buffer): Buffer {
  const id = Buffer.alloc(16);
  sodium.crypto_generichash(
    id,
    Buffer.concat([Buffer.from(`${CLOSED_BY_TIMEOUT}\n`), communicationId]),
  );
  return id;
}
