import type { Coordinate, EventPlan } from '#events';
import { encodeEnvelope } from '#events';
import type { NewEvent } from '#journal';
import type { Domain, QuarantinedBody, SealRequest, Sealer } from '#vault';
import { monthOf } from './ids/month.ts';
import type { Refusal } from './refusal.ts';
import type { Prepared } from './prepare/prepare-event.ts';

/** Events to be appended at once, at most (a native record's events are never parted). */
export const SLICE_EVENTS = 1_000;
/** Plaintext bytes after which a slice is closed early. */
export const SLICE_BYTES = 2 * 1024 * 1024;

/** A record that goes to quarantine: facts without its body, and the body to seal. */
export interface Quarantined {
  readonly plan: EventPlan;
  readonly domain: Domain;
  readonly body: QuarantinedBody;
  readonly refusal: Refusal;
  /** The stored facts, once the body is sealed. */
  facts(sealed: Uint8Array): Uint8Array;
}

/** An event of the ledger's own making, with no party and nothing to seal. */
export interface Plain {
  readonly id: Uint8Array;
  readonly plan: EventPlan;
  readonly domain: Domain;
  readonly at: number;
  readonly facts: Uint8Array;
}

export interface Entry {
  readonly coordinate: Coordinate;
  /** Where the source goes on, on the event that completes a record. */
  readonly resume: number | undefined;
  readonly prepared?: Prepared;
  readonly quarantined?: Quarantined;
  readonly plain?: Plain;
}

/** What one append will carry, still unsealed: it can be sealed again after a fence. */
export class Slice {
  readonly entries: Entry[] = [];
  bytes = 0;
  quarantined = 0;

  add(entry: Entry): void {
    this.entries.push(entry);
    this.bytes += sizeOf(entry);
    if (entry.quarantined !== undefined) this.quarantined += 1;
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  get isFull(): boolean {
    return this.entries.length >= SLICE_EVENTS || this.bytes >= SLICE_BYTES;
  }
}

function sizeOf({ prepared, quarantined }: Entry): number {
  if (prepared === undefined) return quarantined?.body.body.length ?? 64;
  let bytes = prepared.facts.length + 64;
  for (const box of prepared.request.boxes) bytes += box.plaintext.length + 64;
  return bytes;
}

/** Seals the entries, in order, into events for the journal. Waits while the vault is away. */
export async function sealEntries(sealer: Sealer, entries: readonly Entry[]): Promise<NewEvent[]> {
  const requests: SealRequest[] = [];
  const bodies: QuarantinedBody[] = [];
  for (const { prepared, quarantined } of entries) {
    if (prepared !== undefined) requests.push(prepared.request);
    else if (quarantined !== undefined) bodies.push(quarantined.body);
  }
  const [parts, sealed] = await Promise.all([
    requests.length === 0 ? [] : sealer.seal(requests),
    bodies.length === 0 ? [] : sealer.sealQuarantined(bodies),
  ]);
  let nextPart = 0;
  let nextBody = 0;
  return entries.map((entry) => {
    if (entry.prepared !== undefined) {
      const part = parts[nextPart++];
      if (part === undefined) throw new Error('the sealer answered fewer events than it was given');
      return eventOf(entry, entry.prepared, part);
    }
    if (entry.quarantined !== undefined) {
      const body = sealed[nextBody++];
      if (body === undefined) throw new Error('the sealer answered fewer bodies than it was given');
      return quarantineEventOf(entry, entry.quarantined, body);
    }
    return plainEventOf(entry);
  });
}

type Parts = Awaited<ReturnType<Sealer['seal']>>[number];

function eventOf(
  { coordinate, resume }: Entry,
  { request, facts }: Prepared,
  parts: Parts,
): NewEvent {
  const { eventId: id, type } = request;
  const meta = encodeEnvelope({
    coordinate,
    fingerprint: request.fingerprint,
    domain: request.domain,
    month: request.month,
    omitted: parts.omitted,
    groups: parts.groups,
  });
  return resume === undefined
    ? { id, type, data: facts, meta }
    : { id, type, data: facts, meta, resume };
}

function quarantineEventOf(
  { coordinate, resume }: Entry,
  quarantined: Quarantined,
  sealed: Uint8Array,
): NewEvent {
  const { plan, domain, body } = quarantined;
  return {
    id: body.id,
    type: plan.type,
    data: quarantined.facts(sealed),
    meta: bareEnvelope(coordinate, plan, { domain, at: body.at }),
    ...(resume === undefined ? {} : { resume }),
  };
}

function plainEventOf({ coordinate, resume, plain }: Entry): NewEvent {
  if (plain === undefined) throw new Error('an entry of a slice holds nothing');
  return {
    id: plain.id,
    type: plain.plan.type,
    data: plain.facts,
    meta: bareEnvelope(coordinate, plain.plan, plain),
    ...(resume === undefined ? {} : { resume }),
  };
}

function bareEnvelope(
  coordinate: Coordinate,
  plan: EventPlan,
  { domain, at }: { readonly domain: Domain; readonly at: number },
): Uint8Array {
  return encodeEnvelope({
    coordinate,
    fingerprint: plan.fingerprint,
    domain,
    month: monthOf(at),
    groups: [],
  });
}
