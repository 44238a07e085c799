import type { Connection } from './connection.ts';
import type { ResumeState } from './frame.ts';

/** Events looked at first when a head is searched; doubled while there are only fences. */
const LOOK_BACK = 8;
const LOOK_BACK_MAX = 1024;

/** A head whose `resume` is known, be it that there is none. */
export interface KnownHead {
  readonly position: number;
  readonly resume: number | undefined;
}

/** The heads this process has seen, and a queue per log: one append in flight per stream. */
export interface Logs {
  /** Asks the leader. Undefined for a log without events. */
  readHead(log: string): Promise<KnownHead | undefined>;
  /** The head last seen if the log ended at `position` then, else what the leader says. */
  headAt(log: string, position: number): Promise<KnownHead | undefined>;
  /** After an append; undefined when the outcome is not known. */
  note(log: string, head: KnownHead | undefined): void;
  inTurn<T>(log: string, work: () => Promise<T>): Promise<T>;
}

export function createLogs(connection: Connection): Logs {
  const heads = new Map<string, KnownHead>();
  const turns = new Map<string, Promise<unknown>>();

  async function readHead(log: string): Promise<KnownHead | undefined> {
    const known = heads.get(log);
    const head = await searchHead(connection, log, known);
    if (head === undefined) heads.delete(log);
    else heads.set(log, head);
    return head;
  }

  return {
    readHead,
    async headAt(log, position) {
      const known = heads.get(log);
      return known?.position === position ? known : await readHead(log);
    },
    note(log, head) {
      if (head === undefined) heads.delete(log);
      else heads.set(log, head);
    },
    inTurn(log, work) {
      const before = turns.get(log) ?? Promise.resolve();
      const result = before.then(work);
      const settled = result.then(
        () => undefined,
        () => undefined,
      );
      turns.set(log, settled);
      void settled.then(() => {
        if (turns.get(log) === settled) turns.delete(log);
      });
      return result;
    },
  };
}

/** From the last event back to one that says what `resume` is, or to the head known before. */
async function searchHead(
  connection: Connection,
  log: string,
  known: KnownHead | undefined,
): Promise<KnownHead | undefined> {
  let position: number | undefined;
  let from: number | 'end' = 'end';
  for (let count = LOOK_BACK; ; count = Math.min(2 * count, LOOK_BACK_MAX)) {
    const events = await connection.readBackwards(log, from, count);
    for (const { event, state } of events) {
      position ??= event.position;
      if (known !== undefined && event.position === known.position)
        return { position, resume: known.resume };
      if (state !== undefined) return { position, resume: resumeOf(state) };
    }
    const last = events.at(-1);
    if (last === undefined || last.event.position === 1 || events.length < count) break;
    from = last.event.position - 1;
  }
  return position === undefined ? undefined : { position, resume: undefined };
}

function resumeOf(state: ResumeState): number | undefined {
  return state === 'none' ? undefined : state;
}
