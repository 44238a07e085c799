import { createHash } from 'node:crypto';
import type { DecisionLog } from './decision-log.ts';
import { createDecisionLog } from './decision-log.ts';
import { checkLog } from './check.ts';
import type { Journal, NewEvent } from './port.ts';
import { JournalError } from './port.ts';

export const LOG_OPENED = 'log.opened';

export interface OpenedLog {
  readonly log: string;
  /** Position of its `log.opened` in the decision log. */
  readonly openedAt: number;
}

interface Register {
  readonly decisions: DecisionLog;
  readonly opened: Map<string, OpenedLog>;
}

/** Each journal's decisions are read once, then only what is new. */
const registers = new WeakMap<Journal, Register>();

/**
 * Makes `log` known before its first append: `log.opened` goes into the decision log by
 * compare-and-set, so whoever opens a log has read every fence raised before it. A log that is
 * already open stays as it is.
 */
export async function openLog(journal: Journal, log: string): Promise<OpenedLog> {
  checkLog(log);
  const { decisions, opened } = registerOf(journal);
  await decisions.appendIf(() => (opened.has(log) ? [] : [logOpened(log)]));
  const entry = opened.get(log);
  if (entry === undefined)
    throw new JournalError('corrupt', `log.opened of ${log} was appended but not read back`);
  return entry;
}

/** Every log ever opened, oldest first. */
export async function listLogs(journal: Journal): Promise<readonly OpenedLog[]> {
  const { decisions, opened } = registerOf(journal);
  await decisions.catchUp();
  return [...opened.values()];
}

function registerOf(journal: Journal): Register {
  const known = registers.get(journal);
  if (known !== undefined) return known;
  const opened = new Map<string, OpenedLog>();
  const decisions = createDecisionLog(journal, (event) => {
    if (event.type !== LOG_OPENED) return;
    const log = decodeLogOpened(event.data);
    if (!opened.has(log)) opened.set(log, { log, openedAt: event.position });
  });
  const register = { decisions, opened };
  registers.set(journal, register);
  return register;
}

/** `log.opened` is UTF-8 JSON: `{"log": "<name>"}`. Its id derives from the name. */
export function logOpened(log: string): NewEvent {
  return {
    id: createHash('sha256').update(`${LOG_OPENED}\n${log}`).digest().subarray(0, 16),
    type: LOG_OPENED,
    data: Buffer.from(JSON.stringify({ log }), 'utf8'),
    meta: Buffer.alloc(0),
  };
}

function decodeLogOpened(data: Uint8Array): string {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    if (
      typeof value === 'object' &&
      value !== null &&
      'log' in value &&
      typeof value.log === 'string'
    ) {
      return value.log;
    }
  } catch (cause) {
    throw unreadable(cause);
  }
  throw unreadable();
}

function unreadable(cause?: unknown): JournalError {
  return new JournalError(
    'corrupt',
    'the decision log holds a log.opened that names no log; restore the journal',
    {
      cause,
    },
  );
}
