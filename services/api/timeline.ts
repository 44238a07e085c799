import { Type } from 'typebox';
import type { Static } from 'typebox';
import { decodeStored } from '#events';
import type { FieldValue, Schemas, StoredEvent } from '#events';
import type { Journal } from '#journal';
import { isoOf } from './time.ts';

export const TimelineEventSchema = Type.Object({
  at: Type.String({ format: 'date-time' }),
  recordedAt: Type.String({ format: 'date-time' }),
  type: Type.String(),
  legId: Type.Optional(Type.String()),
  source: Type.String(),
  switch: Type.Optional(Type.String()),
  log: Type.String(),
  position: Type.Integer(),
  facts: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  sealed: Type.Array(Type.String(), { description: 'Parties whose data the event holds, sealed.' }),
  omitted: Type.Optional(
    Type.String({ description: 'Why the event was journaled with its facts alone.' }),
  ),
});
type TimelineEvent = Static<typeof TimelineEventSchema>;

export interface Timeline {
  /**
   * The events at those places of the journal, in order of time; boxes stay sealed. With an account
   * only its own: a communication can reach into others.
   */
  read(
    positions: readonly { readonly log: string; readonly position: number }[],
    accountId?: string,
  ): Promise<TimelineEvent[]>;
}

/** Reads a communication's events back from the journal by the positions its row keeps. */
export function createTimeline({
  journal,
  schemas,
}: {
  readonly journal: Journal;
  readonly schemas: Schemas;
}): Timeline {
  return {
    async read(positions, accountId) {
      const byLog = new Map<string, number[]>();
      for (const { log, position } of positions)
        byLog.set(log, [...(byLog.get(log) ?? []), position]);
      const events = await Promise.all(
        [...byLog].map(async ([log, places]) =>
          (await journal.readAt(log, places)).map((record) => decodeStored(schemas, record)),
        ),
      );
      const own = events
        .flat()
        .filter(({ facts }) => accountId === undefined || facts.accountId === accountId);
      return own.toSorted(inOrder).map(eventOf);
    },
  };
}

function inOrder(a: StoredEvent, b: StoredEvent): number {
  return (
    a.facts.occurredAt - b.facts.occurredAt ||
    (a.facts.sourceSequence ?? -1) - (b.facts.sourceSequence ?? -1) ||
    (a.facts.eventId < b.facts.eventId ? -1 : 1)
  );
}

const HEADER = new Set([
  'eventId',
  'communicationId',
  'alsoCommunicationId',
  'source',
  'switch',
  'sourceSequence',
  'occurredAt',
  'observedAt',
  'legId',
  'accountId',
]);

function eventOf(event: StoredEvent): TimelineEvent {
  const { facts, envelope } = event;
  return {
    at: isoOf(facts.occurredAt),
    recordedAt: isoOf(event.recordedAt),
    type: event.type,
    ...(facts.legId === null ? {} : { legId: facts.legId }),
    source: facts.source,
    ...(facts.switch === null ? {} : { switch: facts.switch }),
    log: event.log,
    position: event.position,
    facts: Object.fromEntries(
      Object.entries(facts).flatMap(([name, value]) =>
        HEADER.has(name) ? [] : factOf(name, value),
      ),
    ),
    sealed: [...new Set(envelope.groups.flatMap((group) => group.boxes.map((box) => box.party)))],
    ...(envelope.omitted === undefined ? {} : { omitted: envelope.omitted }),
  };
}

function factOf(name: string, value: FieldValue): [string, string | number | boolean][] {
  if (typeof value === 'number' && name.endsWith('At')) return [[name, isoOf(value)]];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? [[name, value]]
    : [];
}
