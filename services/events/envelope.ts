import type { Domain, Month, Omission, SealedBox, SealedGroup } from '#vault';
import { Arena } from './arena.ts';
import { ByteReader, putBytes, putText, putUint, textBytesMax, uintBytesMax } from './bytes.ts';
import { EventsError } from './errors.ts';
import { categories, parties } from './vocabulary.ts';
import type { Party } from './vocabulary.ts';

/** Where a record came from within its log's source. */
export interface Coordinate {
  /** Kafka offset, or the line of a stream. */
  readonly offset: number;
  /** Which of the events that the record became, from 0. */
  readonly index: number;
  /** Whether it is the record's last event: the source goes on after a complete record only. */
  readonly last: boolean;
  /** The broker's time stamp, ms since the epoch: tells a re-created topic from the old one. */
  readonly brokerTime?: number | undefined;
}

/** What the journal keeps beside an event's facts; no field of it says anything of a person. */
export interface Envelope {
  readonly coordinate: Coordinate;
  /** The event plan's fingerprint. */
  readonly fingerprint: Uint8Array;
  readonly domain: Domain;
  readonly month: Month;
  /** Why the event has facts alone. */
  readonly omitted?: Omission | undefined;
  readonly groups: readonly SealedGroup[];
}

const version = 1;
const flagLast = 1;
const flagBrokerTime = 2;
const flagOperator = 4;
const omissionShift = 3;
/** Place in the list, from 1, is what the flags hold: append only, three at most. */
const omissions = ['epoch_stripped', 'account_closed', 'erased'] as const satisfies Omission[];

const categoryCodes = new Map<string, number>(categories.map((name, code) => [name, code]));
const partyCodes = new Map<string, number>(parties.map((name, code) => [name, code]));

const arena = new Arena(256 * 1024);

/**
 * Version byte, flags, fingerprint, coordinate, month, domain, groups; numbers as varints. The
 * result is a view into a larger buffer.
 *
 * @throws EventsError `unencodable` for a party or category that the vocabulary does not have.
 */
export function encodeEnvelope(envelope: Envelope): Buffer {
  const { coordinate, domain, groups } = envelope;
  arena.reserve(sizeMax(envelope));
  const buffer = arena.buffer;
  const operator = domain.controller === 'operator';
  const omission = envelope.omitted === undefined ? 0 : omissions.indexOf(envelope.omitted) + 1;
  let at = arena.at;
  buffer[at++] = version;
  buffer[at++] =
    (coordinate.last ? flagLast : 0) |
    (coordinate.brokerTime === undefined ? 0 : flagBrokerTime) |
    (operator ? flagOperator : 0) |
    (omission << omissionShift);
  if (envelope.fingerprint.length !== 8) throw unencodable('a fingerprint that is not 8 bytes');
  if (!(coordinate.offset >= 0 && (coordinate.brokerTime ?? 0) >= 0)) {
    throw unencodable('an offset or broker time below zero');
  }
  buffer.set(envelope.fingerprint, at);
  at = putUint(buffer, at + 8, coordinate.offset);
  at = putUint(buffer, at, coordinate.index);
  if (coordinate.brokerTime !== undefined) at = putUint(buffer, at, coordinate.brokerTime);
  at = putUint(buffer, at, envelope.month);
  if (!operator) at = putText(buffer, at, domain.controller);
  at = putText(buffer, at, domain.retentionClass);
  at = putGroups(buffer, at, groups);
  return arena.cut(at);
}

/**
 * Reads an envelope; pointers and boxes are views of `bytes`.
 *
 * @throws EventsError `corrupt_event`
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const reader = new ByteReader(bytes, 'the envelope of an event');
  const found = reader.byte();
  if (found !== version)
    throw reader.corrupt(`has version ${found}, which this tollbook cannot read`);
  const flags = reader.byte();
  const fingerprint = reader.take(8);
  const offset = reader.uint();
  const index = reader.uint();
  const brokerTime = (flags & flagBrokerTime) === 0 ? undefined : reader.uint();
  const month = reader.uint();
  const domain = takeDomain(reader, (flags & flagOperator) !== 0);
  const groups = takeGroups(reader);
  reader.end();
  return {
    coordinate: { offset, index, last: (flags & flagLast) !== 0, brokerTime },
    fingerprint,
    domain,
    month,
    omitted: omissions[(flags >> omissionShift) - 1],
    groups,
  };
}

/** Writes groups as an envelope and a packed reference hold them. */
export function putGroups(buffer: Buffer, at: number, groups: readonly SealedGroup[]): number {
  let next = putUint(buffer, at, groups.length);
  for (const group of groups) next = putGroup(buffer, next, group);
  return next;
}

export function putGroup(buffer: Buffer, at: number, group: SealedGroup): number {
  buffer[at] = code(categoryCodes, group.category);
  let next = putBytes(buffer, at + 1, group.pointer);
  next = putUint(buffer, next, group.boxes.length);
  for (const { party, box } of group.boxes) {
    buffer[next] = code(partyCodes, party);
    next = putBytes(buffer, next + 1, box);
  }
  return next;
}

export function groupBytesMax(group: SealedGroup): number {
  let size = 1 + 2 * uintBytesMax + group.pointer.length;
  for (const { box } of group.boxes) size += 1 + uintBytesMax + box.length;
  return size;
}

export function takeGroup(reader: ByteReader): SealedGroup {
  const category = categories[reader.byte()];
  if (category === undefined) throw reader.corrupt('names a category nobody knows');
  const pointer = reader.bytes();
  const count = reader.uint();
  const boxes: SealedBox[] = [];
  for (let i = 0; i < count; i++) {
    const party: Party | undefined = parties[reader.byte()];
    if (party === undefined) throw reader.corrupt('names a party nobody knows');
    boxes.push({ party, box: reader.bytes() });
  }
  return { category, pointer, boxes };
}

const noGroups: readonly SealedGroup[] = [];

function takeGroups(reader: ByteReader): readonly SealedGroup[] {
  const count = reader.uint();
  if (count === 0) return noGroups;
  const groups: SealedGroup[] = [];
  for (let i = 0; i < count; i++) groups.push(takeGroup(reader));
  return groups;
}

/** Domains are few and events many: one object a domain. */
const domains = new Map<string, Domain>();
const domainsMax = 10_000;

export function takeDomain(reader: ByteReader, operator: boolean): Domain {
  const start = reader.at;
  if (!operator) reader.pass(reader.uint());
  reader.pass(reader.uint());
  const key = (operator ? 'o' : 'c') + reader.buffer.toString('latin1', start, reader.at);
  const known = domains.get(key);
  if (known !== undefined) return known;
  reader.at = start;
  const controller = operator ? 'operator' : reader.text();
  const domain: Domain = Object.freeze({ controller, retentionClass: reader.text() });
  if (domains.size >= domainsMax) domains.clear();
  domains.set(key, domain);
  return domain;
}

function sizeMax(envelope: Envelope): number {
  const { controller, retentionClass } = envelope.domain;
  let size = 10 + 5 * uintBytesMax + textBytesMax(controller) + textBytesMax(retentionClass);
  for (const group of envelope.groups) size += groupBytesMax(group);
  return size;
}

function code(codes: ReadonlyMap<string, number>, name: string): number {
  const found = codes.get(name);
  if (found === undefined) throw unencodable('a party or category outside the vocabulary');
  return found;
}

function unencodable(what: string): EventsError {
  return new EventsError('unencodable', `an envelope cannot hold ${what}`);
}
