import type { EventValues, Schemas, StoredEvent } from '#events';
import { decodeStored, encodeEnvelope, factNumber, factText, uuidText } from '#events';
import type { NewEvent, RecordedEvent } from '#journal';
import type { Hex, UsageStatement } from '#records';
import sodium from 'sodium-native';
import type { UsageEntry } from '../contract.ts';
import type { OutboxEntry } from '../engine/statements.ts';

const RECORDED = 'usage.recorded';
const ADJUSTED = 'usage.adjusted';
const US_PER_DAY = 86_400_000_000;

type Half = 'recorded' | 'reversal' | 'successor';

/**
 * The events that say an outbox entry to the usage log: the first statement is recorded; a later one
 * comes as the reversal of the one before and its successor. Ids follow from the communication and
 * the revision, so that whoever appends twice appends the same.
 */
export function usageEvents(schemas: Schemas, entry: OutboxEntry): NewEvent[] {
  const { id, revision, before, after } = entry;
  const events: NewEvent[] = [];
  if (before !== undefined)
    events.push(usageEvent(schemas, entry, { half: 'reversal', revision, statement: before }));
  if (after !== undefined) {
    const half = revision === 0 ? 'recorded' : 'successor';
    events.push(usageEvent(schemas, entry, { half, revision: revision + 1, statement: after }));
  }
  if (events.length === 0) throw new RangeError(`an outbox entry of ${id} says nothing`);
  return events;
}

interface Saying {
  readonly half: Half;
  readonly revision: number;
  readonly statement: UsageStatement;
}

function usageEvent(
  schemas: Schemas,
  { id, source, revision: told }: OutboxEntry,
  saying: Saying,
): NewEvent {
  const { half, revision, statement } = saying;
  const plan = schemas.plan(half === 'recorded' ? RECORDED : ADJUSTED);
  const eventId = usageEventId(id, revision, half === 'reversal');
  const header = {
    eventId,
    communicationId: Buffer.from(id, 'hex'),
    source,
    occurredAt: statement.startedAt,
    accountId: statement.accountId,
  };
  const values = valuesOf(plan.blank(), saying);
  if (half !== 'recorded') {
    values['adjustmentKind'] = half;
    values['supersedes'] = usageEventId(id, told, false);
  }
  const meta = encodeEnvelope({
    coordinate: { offset: 0, index: 0, last: true },
    fingerprint: plan.fingerprint,
    domain: { controller: 'operator', retentionClass: '' },
    month: 0,
    groups: [],
  });
  return { id: eventId, type: plan.type, data: plan.encodeFacts(header, values), meta };
}

function valuesOf(values: EventValues, { half, revision, statement }: Saying): EventValues {
  const sign = half === 'reversal' ? -1 : 1;
  values['kind'] = statement.kind;
  values['revision'] = revision - 1;
  values['day'] = Math.floor(statement.startedAt / US_PER_DAY);
  values['startedAt'] = statement.startedAt;
  values['quantity'] = sign;
  values['seconds'] = sign * statement.seconds;
  values['segments'] = sign * statement.segments;
  values['direction'] = statement.direction === 'unknown' ? null : statement.direction;
  values['prefix'] = statement.prefix === '' ? null : statement.prefix;
  values['country'] = statement.country === '' ? null : statement.country;
  values['zone'] = statement.zone === '' ? null : statement.zone;
  values['numberType'] = statement.numberType === '' ? null : statement.numberType;
  values['service'] = statement.service === '' ? null : statement.service;
  return values;
}

const idInput = Buffer.alloc(16 + 8 + 1);

/** BLAKE2b over communication, revision and half. */
function usageEventId(communication: Hex, revision: number, reversal: boolean): Buffer {
  idInput.write(communication, 0, 16, 'hex');
  idInput.writeDoubleBE(revision, 16);
  idInput[24] = reversal ? 1 : 0;
  const id = Buffer.alloc(16);
  sodium.crypto_generichash(id, idInput);
  return id;
}

export function isUsageType(type: string): boolean {
  return type === RECORDED || type === ADJUSTED;
}

/** @throws EventsError when the event cannot be read */
export function readUsageEvent(schemas: Schemas, recorded: RecordedEvent): UsageEntry {
  const event = decodeStored(schemas, recorded);
  const { facts } = event;
  const half = factText(facts, 'adjustmentKind');
  const supersedes = factText(facts, 'supersedes');
  const direction = factText(facts, 'direction');
  const kind = factText(facts, 'kind');
  return {
    type: event.type === RECORDED ? RECORDED : ADJUSTED,
    position: event.position,
    eventId: uuidText(facts.eventId),
    communicationId: uuidText(facts.communicationId),
    accountId: facts.accountId,
    revision: factNumber(facts, 'revision') ?? 0,
    day: factNumber(facts, 'day') ?? 0,
    startedAt: factNumber(facts, 'startedAt') ?? 0,
    direction:
      direction === 'inbound' || direction === 'outbound' || direction === 'internal'
        ? direction
        : 'unknown',
    kind: kind === 'sms' || kind === 'voicemail' ? kind : 'call',
    quantity: factNumber(facts, 'quantity') ?? 0,
    seconds: factNumber(facts, 'seconds') ?? 0,
    segments: factNumber(facts, 'segments') ?? 0,
    ...texts(event),
    ...(half === 'reversal' || half === 'successor' ? { adjustmentKind: half } : {}),
    ...(supersedes === undefined ? {} : { supersedes: uuidText(supersedes) }),
  };
}

const TEXTS = ['prefix', 'country', 'zone', 'numberType', 'service'] as const;

function texts({ facts }: StoredEvent): Partial<Record<(typeof TEXTS)[number], string>> {
  const found: Partial<Record<(typeof TEXTS)[number], string>> = {};
  for (const name of TEXTS) {
    const value = factText(facts, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** What the usage log holds of a communication after this entry. */
export function statementAfter(entry: UsageEntry): UsageStatement | undefined {
  if (entry.adjustmentKind === 'reversal') return undefined;
  const { accountId, startedAt, direction, kind, seconds, segments } = entry;
  return {
    accountId,
    startedAt,
    direction,
    kind,
    prefix: entry.prefix ?? '',
    country: entry.country ?? '',
    zone: entry.zone ?? '',
    numberType: entry.numberType ?? '',
    service: entry.service ?? '',
    seconds,
    segments,
  };
}
