import type { ByteReader } from './bytes.ts';
import { createByteReader, createByteWriter } from './bytes.ts';
import { readFacts, readText, writeFacts, writeText } from './fact-codec.ts';
import { sortedElements } from './state.ts';
import type { CommunicationState } from './state.ts';
import type { BoxGroup, Contribution, Hex, PartyBox } from './types.ts';
import { KNOWN_TYPES } from './vocabulary.ts';

/** Version byte of a stored state. */
const FORMAT = 1;
const ID_BYTES = 16;
const OTHER_TYPE = 255;

const FLAG_OMITTED = 1;
const FLAG_LINK = 2;
const FLAG_SEQUENCE = 4;
const FLAG_PARTIES = 8;
const FLAG_GROUPS = 16;

const typeCodes = new Map(KNOWN_TYPES.map((type, code) => [type, code]));

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
  writeFacts(writer, texts, element.facts, base);
  if (element.groups.length > 0) writeGroups(element.groups, texts);
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
  const type =
    code === OTHER_TYPE ? readText(context.reader, context.texts) : (KNOWN_TYPES[code] ?? '');
  const flags = reader.byte();
  const eventId = reader.hex(ID_BYTES);
  const member = members[reader.varint()] ?? '';
  const log = reader.varint();
  const position = reader.varint();
  const time = base + reader.varint();
  const sequence = flags & FLAG_SEQUENCE ? reader.varint() : -1;
  const leg = readText(context.reader, context.texts);
  const account = readText(context.reader, context.texts);
  const source = readText(context.reader, context.texts);
  const factsDigest = reader.digest();
  const partyDigest = flags & FLAG_PARTIES ? reader.digest() : 0;
  const links: Hex[] = [];
  if (flags & FLAG_LINK)
    for (let left = reader.varint(); left > 0; left -= 1) links.push(reader.hex(ID_BYTES));
  const facts = readFacts(reader, context.texts, base);
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

function readGroups(context: ReadContext): BoxGroup[] {
  const { reader, refs } = context;
  const groups: BoxGroup[] = [];
  for (let left = reader.varint(); left > 0; left -= 1) {
    const category = readText(context.reader, context.texts);
    const epoch = readText(context.reader, context.texts);
    const boxes: PartyBox[] = [];
    for (let boxesLeft = reader.varint(); boxesLeft > 0; boxesLeft -= 1) {
      const party = readText(context.reader, context.texts);
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
