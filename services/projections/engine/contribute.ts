import type { Schemas, StoredEvent } from '#events';
import { decodeStored, groupRef, packRef } from '#events';
import type { RecordedEvent } from '#journal';
import type { BoxGroup, Contribution, Hex } from '#records';
import { isCommunicationType, pickFacts } from '#records';
import type { GroupRef, PointerContents, PointerOpener } from '#vault';
import { digestOf } from './digest.ts';
import { intern } from './intern.ts';

/** An event of a log, with the number by which the views know that log. */
export interface NumberedEvent {
  readonly logNo: number;
  readonly recorded: RecordedEvent;
}

/** What a batch of events says, sorted by which view hears it. */
export interface Heard {
  readonly contributions: Contribution[];
  readonly quarantine: { readonly logNo: number; readonly event: StoredEvent }[];
}

const QUARANTINE_TYPES = new Set(['record.quarantined', 'record.replayed']);

/** Decodes a batch and opens its pointers at once; boxes stay sealed. */
export async function hear(
  events: readonly NumberedEvent[],
  { schemas, pointers }: { readonly schemas: Schemas; readonly pointers: PointerOpener },
): Promise<Heard> {
  const heard: Heard = { contributions: [], quarantine: [] };
  const spoken: Spoken[] = [];
  const refs: GroupRef[] = [];
  for (const { logNo, recorded } of events) {
    if (isCommunicationType(recorded.type)) {
      const event = decodeStored(schemas, recorded);
      spoken.push({ logNo, event, data: recorded.data, firstRef: refs.length });
      for (const group of event.envelope.groups) refs.push(groupRef(event, group));
    } else if (QUARANTINE_TYPES.has(recorded.type)) {
      heard.quarantine.push({ logNo, event: decodeStored(schemas, recorded) });
    }
  }
  const opened = refs.length === 0 ? [] : await pointers.open(refs);
  for (const one of spoken) heard.contributions.push(contribute(one, refs, opened));
  return heard;
}

interface Spoken {
  readonly logNo: number;
  readonly event: StoredEvent;
  readonly data: Uint8Array;
  /** Where its groups begin among the references of the batch. */
  readonly firstRef: number;
}

function contribute(
  { logNo, event, data, firstRef }: Spoken,
  refs: readonly GroupRef[],
  opened: readonly (PointerContents | undefined)[],
): Contribution {
  const { facts, envelope, type } = event;
  const groups = sealedGroups(event, firstRef, refs, opened);
  return {
    eventId: facts.eventId,
    member: facts.communicationId,
    type,
    log: logNo,
    position: event.position,
    time: facts.occurredAt,
    sequence: facts.sourceSequence ?? -1,
    leg: intern(facts.legId ?? ''),
    account: intern(facts.accountId),
    source: intern(facts.source),
    factsDigest: digestOf(data),
    partyDigest: partyDigest(firstRef, envelope.groups.length, opened),
    omitted: envelope.omitted !== undefined,
    facts: pickFacts(type, facts),
    groups,
    links: linksOf(event),
  };
}

const NO_GROUPS: readonly BoxGroup[] = [];
const NO_LINKS: readonly Hex[] = [];

function sealedGroups(
  { envelope }: StoredEvent,
  firstRef: number,
  refs: readonly GroupRef[],
  opened: readonly (PointerContents | undefined)[],
): readonly BoxGroup[] {
  if (envelope.groups.length === 0) return NO_GROUPS;
  const epoch = intern(`${envelope.month}.${envelope.domain.retentionClass}`);
  return envelope.groups.map((group, at): BoxGroup => {
    const ref = refs[firstRef + at];
    const contents = opened[firstRef + at];
    return {
      ref: ref === undefined ? new Uint8Array() : packRef(ref),
      category: group.category,
      epoch,
      boxes: group.boxes.map(({ party }, index) => ({
        party,
        slots: (contents?.boxes[index]?.slots ?? []).map(hex),
      })),
    };
  });
}

function partyDigest(
  firstRef: number,
  count: number,
  opened: readonly (PointerContents | undefined)[],
): number {
  const parts: Uint8Array[] = [];
  for (let at = firstRef; at < firstRef + count; at += 1) {
    for (const box of opened[at]?.boxes ?? []) parts.push(...box.slots, box.digest);
  }
  return parts.length === 0 ? 0 : digestOf(...parts);
}

function linksOf({ facts }: StoredEvent): readonly Hex[] {
  const linked = facts['linkedCommunicationId'];
  const also = facts.alsoCommunicationId;
  if (also === null && typeof linked !== 'string') return NO_LINKS;
  const links: Hex[] = [];
  for (const id of [linked, also]) {
    if (typeof id === 'string' && id !== '' && id !== facts.communicationId) links.push(id);
  }
  return links;
}

function hex(bytes: Uint8Array): Hex {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
