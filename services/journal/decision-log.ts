import type { Appended, Journal, NewEvent, RecordedEvent } from './port.ts';
import { JournalError } from './port.ts';

/** The one ordered log of what the ledger decided: logs opened, fences, accesses, corrections, … */
export const DECISIONS = 'decisions';
const BATCH = 1000;

export interface DecisionLog {
  /** Up to which position the decisions were applied. */
  readonly position: number;
  /** Applies every decision made before this call; resolves with the position reached. */
  catchUp(): Promise<number>;
  /** Appends the events in order, applied before it resolves. Calls at the same time share a slice. */
  append(events: readonly NewEvent[]): Promise<Appended>;
  /**
   * Compare-and-set: `decide` is called when every decision so far was applied, and what it returns
   * is appended only if nothing came between; otherwise what came is applied and it is asked again.
   * Resolves with undefined when it returned nothing.
   */
  appendIf(decide: () => readonly NewEvent[]): Promise<Appended | undefined>;
}

interface Waiting {
  readonly decide: () => readonly NewEvent[];
  readonly alone: boolean;
  resolve(appended: Appended | undefined): void;
  reject(error: unknown): void;
}

/**
 * A reader and writer of the decision log with a state of its own: `apply` sees each decision once,
 * in order, from the first one (or behind `from`), its own included.
 */
export function createDecisionLog(
  journal: Journal,
  apply: (event: RecordedEvent) => void = () => undefined,
  { from = 0 }: { readonly from?: number } = {},
): DecisionLog {
  let position = from;
  let turn: Promise<unknown> = Promise.resolve();
  const waiting: Waiting[] = [];

  /** One read or append at a time, so that `apply` sees the order of the log. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  }

  async function readOn(): Promise<number> {
    for await (const batch of journal.readLog(DECISIONS, position, BATCH)) {
      for (const event of batch) {
        apply(event);
        position = event.position;
      }
    }
    return position;
  }

  async function appendNext(): Promise<void> {
    const group = takeGroup(waiting);
    if (group.length === 0) return;
    try {
      for (;;) {
        await readOn();
        const parts = group.map((entry) => entry.decide());
        const events = parts.flat();
        if (events.length > 0 && !(await appendAt(journal, events, position))) continue;
        const before = position;
        if (events.length > 0) await readOn();
        answer(group, parts, before);
        return;
      }
    } catch (error) {
      for (const entry of group) entry.reject(error);
    }
  }

  function enqueue(
    decide: () => readonly NewEvent[],
    alone: boolean,
  ): Promise<Appended | undefined> {
    return new Promise((resolve, reject) => {
      waiting.push({ decide, alone, resolve, reject });
      void inTurn(appendNext);
    });
  }

  return {
    get position() {
      return position;
    },
    catchUp: () => inTurn(readOn),
    async append(events) {
      const appended = await enqueue(() => events, false);
      return appended ?? { first: position + 1, last: position };
    },
    appendIf: (decide) => enqueue(decide, true),
  };
}

/** The next entry that must be decided alone, or all unconditional ones before it. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  const end = waiting.findIndex((entry) => entry.alone);
  return waiting.splice(0, end === -1 ? waiting.length : Math.max(1, end));
}

/** False when the log no longer ends at `expected`. */
async function appendAt(
  journal: Journal,
  events: readonly NewEvent[],
  expected: number,
): Promise<boolean> {
  try {
    await journal.append(DECISIONS, events, expected);
    return true;
  } catch (error) {
    if (error instanceof JournalError && error.code === 'conflict') return false;
    throw error;
  }
}

function answer(
  group: readonly Waiting[],
  parts: readonly (readonly NewEvent[])[],
  before: number,
): void {
  let first = before + 1;
  group.forEach((entry, i) => {
    const count = parts[i]?.length ?? 0;
    entry.resolve(count === 0 ? undefined : { first, last: first + count - 1 });
    first += count;
  });
}
