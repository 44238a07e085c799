import type { CommunicationRecord, CommunicationState, Hex } from '#records';
import { assemble, encodeState, sameStatement, usageStatement } from '#records';
import type { PackedState } from '../cdr/pack.ts';
import { packState } from '../cdr/pack.ts';
import type { Entry, HistoryKey, PartyKey, RowKeys } from './entry.ts';
import type { OutboxEntry, Said } from './statements.ts';

/**
 * What one communication needs written, made from its state in one go: the state may grow while the
 * transaction is under way.
 */
export interface Plan {
  readonly entry: Entry;
  readonly record: CommunicationRecord;
  readonly members: readonly Hex[];
  readonly stateBytes: Buffer;
  readonly packed: PackedState;
  readonly keys: RowKeys;
  readonly said: readonly Said[];
  readonly outbox: readonly OutboxEntry[];
  /** In a rebuild: the usage log says something else than this record. */
  readonly owes: readonly OutboxEntry[];
}

/** @param tells whether what changed is to be said to the usage log (a rebuild only notes it) */
export function makePlan(entry: Entry, tells: boolean): Plan {
  const record = assemble(entry.state);
  const outbox = owed(entry, record);
  return {
    entry,
    record,
    members: [...entry.state.members],
    packed: packState(entry.state, record),
    stateBytes: encodeState(entry.state),
    keys: keysOf(entry.state, record),
    said: tells ? afterSaying(entry.said, outbox) : entry.said,
    outbox: tells ? outbox : [],
    owes: tells ? [] : outbox,
  };
}

/** The difference between what the record says and what the usage log was last told, for each id. */
function owed(entry: Entry, record: CommunicationRecord): OutboxEntry[] {
  const entries: OutboxEntry[] = [];
  const { source } = record;
  const after = usageStatement(record);
  let own: Said | undefined;
  for (const said of entry.said) {
    const { id, revision, statement } = said;
    if (id === record.id) own = said;
    else if (statement !== undefined)
      entries.push({ id, revision, source, before: statement, after: undefined });
  }
  if (after === undefined || sameStatement(own?.statement, after)) return entries;
  entries.push({
    id: record.id,
    revision: own?.revision ?? 0,
    source,
    before: own?.statement,
    after,
  });
  return entries;
}

function afterSaying(said: readonly Said[], outbox: readonly OutboxEntry[]): Said[] {
  const result = said.filter(({ id }) => outbox.every((entry) => entry.id !== id));
  for (const { id, revision, after } of outbox) {
    result.push({ id, revision: after === undefined ? revision : revision + 1, statement: after });
  }
  return result;
}

export function keysOf(state: CommunicationState, record: CommunicationRecord): RowKeys {
  const thread = record.kind === 'sms' ? threadOf(record) : undefined;
  const { kind } = record;
  const history = record.accounts.map(({ accountId, direction }): HistoryKey => {
    return { account: accountId, direction, kind, thread };
  });
  return { id: record.id, startedAt: record.startedAt, history, parties: partyKeys(state, record) };
}

/** Every slot that any contribution names leads to the communication, also one that lost. */
function partyKeys(state: CommunicationState, record: CommunicationRecord): PartyKey[] {
  const keys: PartyKey[] = [];
  const seen = new Set<string>();
  for (const { groups } of state.elements) {
    for (const { epoch, boxes } of groups) {
      for (const { slots } of boxes) {
        for (const slot of slots) {
          if (seen.has(slot)) continue;
          seen.add(slot);
          for (const { accountId } of record.accounts)
            keys.push({ epoch, account: accountId, slot });
        }
      }
    }
  }
  return keys;
}

/** The two slots of a message, the lower first: one thread whoever writes. */
function threadOf(record: CommunicationRecord): Hex | undefined {
  let sender: Hex | undefined;
  let recipient: Hex | undefined;
  for (const { role, group, index } of record.parties) {
    const slot = group.boxes[index]?.slots[0];
    if (role === 'sender') sender ??= slot;
    if (role === 'recipient') recipient ??= slot;
  }
  if (sender === undefined || recipient === undefined) return undefined;
  return sender < recipient ? sender + recipient : recipient + sender;
}

export function sameHistory(a: RowKeys, b: RowKeys): boolean {
  return (
    a.startedAt === b.startedAt &&
    a.id === b.id &&
    a.history.length === b.history.length &&
    a.history.every((key, at) => sameKey(key, b.history[at]))
  );
}

function sameKey(a: HistoryKey, b: HistoryKey | undefined): boolean {
  return (
    b !== undefined &&
    a.account === b.account &&
    a.direction === b.direction &&
    a.kind === b.kind &&
    a.thread === b.thread
  );
}
