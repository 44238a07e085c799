import type { ByteReader, ByteWriter } from './bytes.ts';
import type { Facts } from './types.ts';

/** Their places are bits of a stored contribution: append, never reorder. */
const NUMBER_FACTS = [
  'startedAt',
  'answeredAt',
  'endedAt',
  'deliveredAt',
  'failedAt',
  'lastEvidenceAt',
  'causeQ850',
  'sipStatus',
  'segments',
  'segmentsReported',
  'durationSeconds',
  'billableSeconds',
] as const satisfies readonly (keyof Facts)[];
/** The first so many are times, kept as distances. */
const TIME_FACTS = 6;

const TEXT_FACTS = [
  'direction',
  'destinationPrefix',
  'destinationCountry',
  'destinationZone',
  'destinationNumberType',
  'calleeService',
  'recipientService',
  'route',
  'ingressTrunk',
  'egressTrunk',
  'groupId',
  'addedFor',
  'otherLegId',
  'targetLegId',
  'transferKind',
  'forwardReason',
  'disposition',
  'hangupParty',
  'answeredBy',
  'recordingId',
  'voicemailId',
  'errorCode',
] as const satisfies readonly (keyof Facts)[];

const NUMBER_BITS = bitsOf(NUMBER_FACTS);
const TEXT_BITS = bitsOf(TEXT_FACTS);

function bitsOf(names: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name, bit) => [name, 1 << bit]));
}

type MutableFacts = { -readonly [K in keyof Facts]: Facts[K] };

interface Picked {
  readonly numbers: readonly (typeof NUMBER_FACTS)[number][];
  readonly texts: readonly (typeof TEXT_FACTS)[number][];
}

/** Which of the facts each type has at all: decoded events of a type have the same fields. */
const pickedByType = new Map<string, Picked>();

/** Takes from a decoded event the facts the assembler reads, leaving out what is null or absent. */
export function pickFacts(type: string, event: Readonly<Record<string, unknown>>): Facts {
  let picked = pickedByType.get(type);
  if (picked === undefined) {
    picked = {
      numbers: NUMBER_FACTS.filter((name) => name in event),
      texts: TEXT_FACTS.filter((name) => name in event),
    };
    pickedByType.set(type, picked);
  }
  const facts: MutableFacts = {};
  for (const name of picked.numbers) {
    const value = event[name];
    if (typeof value === 'number' && value >= 0) facts[name] = value;
  }
  for (const name of picked.texts) {
    const value = event[name];
    if (typeof value === 'string') facts[name] = value;
  }
  return facts;
}

/** Texts of one state: each is written once and afterwards named by its place (from 1). */
export type WrittenTexts = Map<string, number>;

export function writeText(out: ByteWriter, texts: WrittenTexts, value: string): void {
  const seen = texts.get(value);
  if (seen !== undefined) {
    out.varint(seen);
    return;
  }
  texts.set(value, texts.size + 1);
  out.varint(0);
  out.text(value);
}

export function readText(reader: ByteReader, texts: string[]): string {
  const place = reader.varint();
  if (place > 0) return texts[place - 1] ?? '';
  const value = reader.text();
  texts.push(value);
  return value;
}

/** @param base time that the facts' times are kept as distances from */
export function writeFacts(out: ByteWriter, texts: WrittenTexts, facts: Facts, base: number): void {
  let numbers = 0;
  let words = 0;
  for (const name in facts) {
    numbers |= NUMBER_BITS[name] ?? 0;
    words |= TEXT_BITS[name] ?? 0;
  }
  out.varint(numbers);
  out.varint(words);
  for (let left = numbers; left !== 0; left &= left - 1) {
    const bit = lowestBit(left);
    const name = NUMBER_FACTS[bit];
    const value = name === undefined ? 0 : (facts[name] ?? 0);
    out.varint(bit < TIME_FACTS ? zigzag(value - base) : value);
  }
  for (let left = words; left !== 0; left &= left - 1) {
    const name = TEXT_FACTS[lowestBit(left)];
    writeText(out, texts, name === undefined ? '' : (facts[name] ?? ''));
  }
}

export function readFacts(reader: ByteReader, texts: string[], base: number): Facts {
  const numbers = reader.varint();
  const words = reader.varint();
  const facts: MutableFacts = {};
  for (let left = numbers; left !== 0; left &= left - 1) {
    const bit = lowestBit(left);
    const name = NUMBER_FACTS[bit];
    const value = reader.varint();
    if (name !== undefined) facts[name] = bit < TIME_FACTS ? base + unzigzag(value) : value;
  }
  for (let left = words; left !== 0; left &= left - 1) {
    const name = TEXT_FACTS[lowestBit(left)];
    const value = readText(reader, texts);
    if (name !== undefined) facts[name] = value;
  }
  return facts;
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
