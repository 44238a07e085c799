import type { ByteReader, ByteWriter } from './bytes.ts';
import { createByteReader, createByteWriter } from './bytes.ts';
import { sortedElements } from './state.ts';
import type { CommunicationState } from './state.ts';
import type { BoxGroup, Hex, Contribution, Facts, PartyBox } from './types.ts';
import { KNOWN_TYPES } from './vocabulary.ts';

/** Version byte of a stored state. */
const FORMAT = 1;
const ID_BYTES = 16;
const OTHER_TYPE = 255;

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

const FLAG_OMITTED = 1;
const FLAG_LINK = 2;
const FLAG_SEQUENCE = 4;
const FLAG_PARTIES = 8;
const FLAG_GROUPS = 16;

const typeCodes = new Map(KNOWN_TYPES.map((type, code) => [type, code]));

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

const writer = createByteWriter();

/**
 * The state as bytes, without the references to boxes: those are large and stand once, in the row
 * that readers see (`stateRefs` gives them in the order `decodeState` wants them back). Equal sets
 * give equal bytes.
 */
export function encodeState(state: CommunicationState): Buffer {
  const elements = sortedElements(state);
  const texts = new Map<string, number>();
  const base = elements[0]?.time ?? 0;
  writer.byte(FORMAT);
  writer.byte(state.overflow ? 1 : 0);
  writer.varint(state.members.length);
  for (const member of state.members) writer.hex(member);
  writer.varint(elements.length);
  writer.varint(base);
  for (const element of elements) writeElement(element, { state, texts, base });
  return writer.take();
}

/** References to the boxes of a state, in the canonical order of its elements. */
export function stateRefs(state: CommunicationState): Uint8Array[] {
  const refs: Uint8Array[] = [];
  for (const element of sortedElements(state))
    for (const group of element.groups) refs.push(group.ref);
  return refs;
}

interface WriteContext {
  readonly state: CommunicationState;
  readonly texts: Map<string, number>;
  readonly base: number;
}

function writeElement(element: Contribution, { state, texts, base }: WriteContext): void {
  const code = typeCodes.get(element.type) ?? OTHER_TYPE;
  writer.byte(code);
  if (code === OTHER_TYPE) writeText(writer, texts, element.type);
  writer.byte(
    (element.omitted ? FLAG_OMITTED : 0) |
      (element.links.length === 0 ? 0 : FLAG_LINK) |
      (element.sequence < 0 ? 0 : FLAG_SEQUENCE) |
      (element.partyDigest === 0 ? 0 : FLAG_PARTIES) |
      (element.groups.length === 0 ? 0 : FLAG_GROUPS),
  );
  writer.hex(element.eventId);
  writer.varint(state.members.indexOf(element.member));
  writer.varint(element.log);
  writer.varint(element.position);
  writer.varint(element.time - base);
  if (element.sequence >= 0) writer.varint(element.sequence);
  writeText(writer, texts, element.leg);
  writeText(writer, texts, element.account);
  writeText(writer, texts, element.source);
  writer.digest(element.factsDigest);
  if (element.partyDigest !== 0) writer.digest(element.partyDigest);
  if (element.links.length > 0) {
    writer.varint(element.links.length);
    for (const link of element.links) writer.hex(link);
  }
  writeFacts(element.facts, texts, base);
  if (element.groups.length > 0) writeGroups(element.groups, texts);
}

/** A text is written once and afterwards named by its place (from 1). */
function writeText(out: ByteWriter, texts: Map<string, number>, value: string): void {
  const seen = texts.get(value);
  if (seen !== undefined) {
    out.varint(seen);
    return;
  }
  texts.set(value, texts.size + 1);
  out.varint(0);
  out.text(value);
}

function writeFacts(facts: Facts, texts: Map<string, number>, base: number): void {
  let numbersPresent = 0;
  let textsPresent = 0;
  for (let bit = 0; bit < NUMBER_FACTS.length; bit += 1) {
    if (numberFact(facts, bit) !== undefined) numbersPresent |= 1 << bit;
  }
  for (let bit = 0; bit < TEXT_FACTS.length; bit += 1) {
    if (textFact(facts, bit) !== undefined) textsPresent |= 1 << bit;
  }
  writer.varint(numbersPresent);
  writer.varint(textsPresent);
  for (let bit = 0; numbersPresent >> bit !== 0; bit += 1) {
    const value = numberFact(facts, bit);
    if (value !== undefined) writer.varint(bit < TIME_FACTS ? zigzag(value - base) : value);
  }
  for (let bit = 0; textsPresent >> bit !== 0; bit += 1) {
    const value = textFact(facts, bit);
    if (value !== undefined) writeText(writer, texts, value);
  }
}

function numberFact(facts: Facts, bit: number): number | undefined {
  const name = NUMBER_FACTS[bit];
  return name === undefined ? undefined : facts[name];
}

function textFact(facts: Facts, bit: number): string | undefined {
  const name = TEXT_FACTS[bit];
  return name === undefined ? undefined : facts[name];
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function writeGroups(groups: readonly BoxGroup[], texts: Map<string, number>): void {
  writer.varint(groups.length);
  for (const group of groups) {
    writeText(writer, texts, group.category);
    writeText(writer, texts, group.epoch);
    writer.varint(group.boxes.length);
    for (const box of group.boxes) {
      writeText(writer, texts, box.party);
      writer.varint(box.slots.length);
      for (const slot of box.slots) {
        writer.varint(slot.length / 2);
        writer.hex(slot);
      }
    }
  }
}

/**
 * The state that `encodeState` wrote.
 *
 * @throws RangeError when the bytes are not a whole state of a known format.
 */
export function decodeState(bytes: Uint8Array, refs: readonly Uint8Array[]): CommunicationState {
  const reader = createByteReader(bytes);
  const format = reader.byte();
  if (format !== FORMAT)
    throw new RangeError(`a stored state has format ${format}; rebuild the cdr view`);
  const overflow = reader.byte() === 1;
  const members: Hex[] = [];
  for (let left = reader.varint(); left > 0; left -= 1) members.push(reader.hex(ID_BYTES));
  const count = reader.varint();
  const base = reader.varint();
  const elements: Contribution[] = [];
  const context: ReadContext = { reader, members, base, texts: [], refs, nextRef: 0 };
  for (let at = 0; at < count; at += 1) elements.push(readElement(context));
  if (!reader.done)
    throw new RangeError('a stored state goes on after its end; rebuild the cdr view');
  return { id: members[0] ?? '', members, elements, overflow, index: undefined };
}

interface ReadContext {
  readonly reader: ByteReader;
  readonly members: readonly Hex[];
  readonly base: number;
  readonly texts: string[];
  readonly refs: readonly Uint8Array[];
  nextRef: number;
}

function readElement(context: ReadContext): Contribution {
  const { reader, members, base } = context;
  const code = reader.byte();
  const type = code === OTHER_TYPE ? readText(context) : (KNOWN_TYPES[code] ?? '');
  const flags = reader.byte();
  const eventId = reader.hex(ID_BYTES);
  const member = members[reader.varint()] ?? '';
  const log = reader.varint();
  const position = reader.varint();
  const time = base + reader.varint();
  const sequence = flags & FLAG_SEQUENCE ? reader.varint() : -1;
  const leg = readText(context);
  const account = readText(context);
  const source = readText(context);
  const factsDigest = reader.digest();
  const partyDigest = flags & FLAG_PARTIES ? reader.digest() : 0;
  const links: Hex[] = [];
  if (flags & FLAG_LINK)
    for (let left = reader.varint(); left > 0; left -= 1) links.push(reader.hex(ID_BYTES));
  const facts = readFacts(context);
  const groups = flags & FLAG_GROUPS ? readGroups(context) : [];
  const omitted = (flags & FLAG_OMITTED) !== 0;
  return {
    eventId,
    member,
    type,
    log,
    position,
    time,
    sequence,
    leg,
    account,
    source,
    factsDigest,
    partyDigest,
    omitted,
    facts,
    groups,
    links,
  };
}

function readText({ reader, texts }: ReadContext): string {
  const place = reader.varint();
  if (place > 0) return texts[place - 1] ?? '';
  const value = reader.text();
  texts.push(value);
  return value;
}

function readFacts(context: ReadContext): Facts {
  const { reader, base } = context;
  const numbersPresent = reader.varint();
  const textsPresent = reader.varint();
  const facts: MutableFacts = {};
  for (const [bit, name] of NUMBER_FACTS.entries()) {
    if ((numbersPresent & (1 << bit)) === 0) continue;
    const value = reader.varint();
    facts[name] = bit < TIME_FACTS ? base + unzigzag(value) : value;
  }
  for (const [bit, name] of TEXT_FACTS.entries()) {
    if ((textsPresent & (1 << bit)) !== 0) facts[name] = readText(context);
  }
  return facts;
}

function readGroups(context: ReadContext): BoxGroup[] {
  const { reader, refs } = context;
  const groups: BoxGroup[] = [];
  for (let left = reader.varint(); left > 0; left -= 1) {
    const category = readText(context);
    const epoch = readText(context);
    const boxes: PartyBox[] = [];
    for (let boxesLeft = reader.varint(); boxesLeft > 0; boxesLeft -= 1) {
      const party = readText(context);
      const slots: Hex[] = [];
      for (let slotsLeft = reader.varint(); slotsLeft > 0; slotsLeft -= 1)
        slots.push(reader.hex(reader.varint()));
      boxes.push({ party, slots });
    }
    const ref = refs[context.nextRef];
    if (ref === undefined)
      throw new RangeError('a stored state has lost a reference; rebuild the cdr view');
    context.nextRef += 1;
    groups.push({ ref, category, epoch, boxes });
  }
  return groups;
}
