import type { Schemas } from '#events';
import type { Journal } from '#journal';
import type { Failpoint, Pool } from '#platform';
import type { Hex } from '#records';
import { add } from '#records';
import type { PointerOpener } from '#vault';
import type { QuarantineEvent } from '../quarantine/row.ts';
import { isUsageType, readUsageEvent, statementAfter } from '../usage/usage-event.ts';
import type { Family } from './checkpoints.ts';
import { readCheckpoints, readGeneration } from './checkpoints.ts';
import type { Heard, NumberedEvent } from './contribute.ts';
import { hear } from './contribute.ts';
import type { Entry } from './entry.ts';
import { createEntries } from './entry.ts';
import type { LogTail } from './log-tails.ts';
import { createLogTails, USAGE_LOG } from './log-tails.ts';
import { plainId } from './resolve.ts';
import { createRoundWriter } from './round-writer.ts';
import { createSourceClocks } from './source-clocks.ts';
import type { Said } from './statements.ts';

export interface ProjectorSettings {
  readonly pool: Pool;
  readonly journal: Journal;
  readonly schemas: Schemas;
  readonly pointers: PointerOpener;
  readonly failpoint?: Failpoint;
  /**
   * `live` writes the views that are read and tells the usage log what changed; `rebuild` writes
   * beside them, takes what was told from the usage log, and holds rows back until they settle.
   */
  readonly mode?: 'live' | 'rebuild';
  /** Events of one log in one round. */
  readonly batchMax?: number;
  /** Communications kept in memory. */
  readonly entriesMax?: number;
}

export interface Progressed {
  readonly events: number;
  /** Nothing more was to be read when the round was. */
  readonly atEnd: boolean;
}

export interface Projector {
  /**
   * Reads one round and starts writing it, when the one before is durable. Rejects when that one
   * could not be written; the next call then starts over from the checkpoints.
   */
  step(): Promise<Progressed>;
  /** Everything read is written. */
  flush(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const BATCH_MAX = 2_000;
const ENTRIES_MAX = 20_000;
/** A rebuild writes a communication when so many others were heard of since. */
const HELD_MAX = 24_000;
const WRITTEN_AT_ONCE = 8_000;

/** The one writer of cdr, history, party index, quarantine and usage outbox. */
export async function createProjector(settings: ProjectorSettings): Promise<Projector> {
  const {
    pool,
    journal,
    mode = 'live',
    batchMax = BATCH_MAX,
    entriesMax = ENTRIES_MAX,
    failpoint,
  } = settings;
  const live = mode === 'live';
  const family: Family = live ? 'records' : 'records.next';
  const entries = createEntries(entriesMax);
  const clocks = createSourceClocks();
  const schema = live ? 'views' : 'views_next';
  const writer = createRoundWriter({ pool, schema, family, live, entries, clocks, failpoint });
  const tails = createLogTails(journal, [], {
    batchMax,
    also: (log) => !live && log === USAGE_LOG,
  });

  let dirty = new Set<Entry>();
  let quarantine: QuarantineEvent[] = [];
  let reached = new Map<number, Readonly<LogTail>>();
  let news = new Map<Hex, Said>();
  let writing: Promise<void> | undefined;
  let failure: unknown;
  let started = false;

  const start = async (): Promise<void> => {
    const generation = await readGeneration(pool);
    const checkpoints = await readCheckpoints(pool, family);
    tails.reset(checkpoints);
    writer.reset(checkpoints, generation);
    entries.clear();
    dirty = new Set();
    quarantine = [];
    reached = new Map();
    news = new Map();
    started = true;
  };

  /** Resolves when the write under way is durable; throws what it failed with. */
  const settle = async (): Promise<void> => {
    await writing;
    if (failure === undefined) return;
    const cause = failure;
    failure = undefined;
    started = false;
    throw cause;
  };

  const take = (heard: Heard): void => {
    for (const contribution of heard.contributions) {
      if (live) clocks.hear(contribution);
      const entry = entries.at(contribution.member);
      const members = entry.state.members.length;
      if (!add(entry.state, contribution)) continue;
      dirty.add(entry);
      if (entry.state.members.length === members) continue;
      for (const absorbed of entries.settleMembers(entry)) dirty.delete(absorbed);
    }
    for (const event of heard.quarantine) quarantine.push(event);
  };

  /** In a rebuild: what the usage log was told, in its order. */
  const takeUsage = (events: readonly NumberedEvent[]): void => {
    for (const { recorded } of events) {
      if (!isUsageType(recorded.type)) continue;
      const told = readUsageEvent(settings.schemas, recorded);
      const id = plainId(told.communicationId);
      const said = { id, revision: told.revision + 1, statement: statementAfter(told) };
      const entry = entries.find(id);
      if (entry !== undefined) entry.said = [...entry.said.filter((one) => one.id !== id), said];
      if (entry === undefined || !dirty.has(entry)) news.set(id, said);
    }
  };

  const chooseDirty = (all: boolean): readonly Entry[] => {
    if (!all && dirty.size < HELD_MAX) return [];
    const chosen: Entry[] = [];
    for (const entry of dirty) {
      if (!all && chosen.length >= WRITTEN_AT_ONCE) break;
      chosen.push(entry);
      dirty.delete(entry);
    }
    return chosen;
  };

  const beginWrite = (all: boolean): void => {
    const round = {
      communications: chooseDirty(all),
      quarantine: quarantine.splice(0),
      news: [...news.values()],
      reached: all ? [...reached.values()] : [],
    };
    if (all) reached = new Map();
    news = new Map();
    if (Object.values(round).every((part) => part.length === 0)) return;
    writing = writer
      .write(round)
      .then(
        () => entries.trim((entry) => dirty.has(entry)),
        (error: unknown) => {
          failure = error;
        },
      )
      .finally(() => {
        writing = undefined;
      });
  };

  return {
    async step() {
      if (!started) await start();
      const round = await tails.read();
      const heard = await hear(round.events, settings);
      // A link may unite what is being written at the moment.
      if (heard.contributions.some((contribution) => contribution.links.length > 0)) await settle();
      take(heard);
      if (!live) takeUsage(round.events);
      for (const tail of round.reached) reached.set(tail.logNo, tail);
      await settle();
      beginWrite(live);
      return { events: round.events.length, atEnd: round.atEnd };
    },
    async flush() {
      await settle();
      beginWrite(true);
      await settle();
    },
    async [Symbol.asyncDispose]() {
      await writing;
      tails.reset([]);
    },
  };
}
