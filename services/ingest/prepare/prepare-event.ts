import type { DecodedEvent, EventValues, StoredHeader } from '#events';
import type { BoxRequest, Identifier, SealRequest } from '#vault';
import { isMonthsBeginning, monthOf } from '../ids/month.ts';
import { isUuid } from '../ids/native-id.ts';
import type { ScopedIds } from '../ids/scoped-ids.ts';
import { segmentsOf } from '../messages/segments.ts';
import type { Identified } from '../numbers/identify.ts';
import { identifier } from '../numbers/identify.ts';
import type { NumberCache } from '../numbers/number-cache.ts';
import { zoneOf } from '../numbers/zone.ts';
import { Refusal } from '../refusal.ts';
import type { Domains, Source } from '../sources.ts';
import { checkFacts, checkText } from './check-facts.ts';
import { CALL_LONGEST_US, checkTimes, EARLIEST_US, AHEAD_US } from './check-times.ts';
import type { Preparation } from './plan-cache.ts';
import { preparationOf } from './plan-cache.ts';

/** What an event of one source is prepared with. */
export interface Scope {
  readonly source: Source;
  /** Where the credential is for one account: no other account's records may come with it. */
  readonly accountId?: string | undefined;
  readonly ids: ScopedIds;
  readonly numbers: NumberCache;
  readonly domains: Domains;
  /** L, how old an event may be at first receipt, µs; undefined in an import of history. */
  readonly latenessUs: number | undefined;
}

/** An event ready to be sealed: its facts are final, its party fields wait as plaintexts. */
export interface Prepared {
  readonly request: SealRequest;
  readonly communicationId: Uint8Array | undefined;
  readonly facts: Uint8Array;
}

const US_PER_DAY = 86_400_000_000;

/** Longer than customer numbers usually are, as short as national telephone numbers. */
const ACCOUNT_NUMBER = /\d{9}/;
const ACCOUNT_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/**
 * Normalises, computes facts and splits one event, changing its `values`. Pure but for the caches.
 *
 * @throws Refusal when the event cannot be accepted; MissingIdKey when the ids of its month need a
 * key that is not loaded (load it, then call again with values decoded anew).
 */
export function prepareEvent(event: DecodedEvent, scope: Scope, now: number): Prepared {
  const { plan, values } = event;
  const preparation = preparationOf(plan);
  if (preparation.byLedger)
    throw new Refusal('ledger_type', `${plan.type} is written by the ledger alone`);
  const accountId = accountOf(values, scope);
  const occurredAt = checkTime(values, scope, now);
  const domain = scope.domains.of(optionalText(values, 'retentionClass'));
  if (domain === undefined) {
    throw new Refusal(
      'unknown_retention_class',
      'retentionClass names no policy pack of this ledger',
    );
  }
  checkFacts(preparation.facts, values);
  checkTimes(preparation.times, values, now);
  const month = monthOf(startOf(values, occurredAt));
  const header = headerOf(preparation, values, { scope, accountId, occurredAt, month });
  const people = identifyPeople(preparation, values, { scope, accountId });
  computeFacts(preparation, values, { people, home: scope.source.country });
  const facts = plan.encodeFacts(header, values);
  return {
    facts,
    communicationId: header.communicationId,
    request: {
      eventId: header.eventId,
      type: plan.type,
      fingerprint: plan.fingerprint,
      domain,
      month,
      accountId,
      occurredAt,
      boxes: boxesOf(preparation, values, people),
    },
  };
}

function accountOf(values: EventValues, scope: Scope): string {
  const named = optionalText(values, 'accountId');
  if (scope.accountId !== undefined && named !== undefined && named !== scope.accountId) {
    throw new Refusal('wrong_account', 'the credential is for another account than accountId says');
  }
  const accountId = named ?? scope.accountId ?? scope.source.accountId;
  if (accountId === undefined)
    throw new Refusal('missing_field', 'accountId is missing and the source has no default');
  checkAccountId(accountId);
  values['accountId'] = accountId;
  return accountId;
}

const ACCOUNTS_REMEMBERED_MAX = 20_000;
/** Account ids seen to be fine: a source has few, and its events name them again and again. */
let fineAccounts = new Set<string>();

function checkAccountId(accountId: string): void {
  if (fineAccounts.has(accountId)) return;
  if (!ACCOUNT_ID.test(accountId)) {
    throw new Refusal(
      'impossible_value',
      'accountId has characters that an account id cannot have',
    );
  }
  if (ACCOUNT_NUMBER.test(accountId) && !isUuid(accountId)) {
    throw new Refusal(
      'impossible_value',
      'accountId reads like a telephone number, which would stay in clear: give accounts ids of their own',
    );
  }
  if (fineAccounts.size >= ACCOUNTS_REMEMBERED_MAX) fineAccounts = new Set();
  fineAccounts.add(accountId);
}

function checkTime(values: EventValues, scope: Scope, now: number): number {
  const occurredAt = values['occurredAt'];
  if (typeof occurredAt !== 'number') throw new Refusal('missing_field', 'occurredAt is missing');
  if (!Number.isSafeInteger(occurredAt) || occurredAt < EARLIEST_US) {
    throw new Refusal(
      'impossible_value',
      'occurredAt is before 1990 or no time at all (µs since 1970 are expected)',
    );
  }
  if (occurredAt > now + AHEAD_US)
    throw new Refusal('in_future', 'occurredAt is more than 24 h ahead');
  const { latenessUs } = scope;
  if (latenessUs !== undefined && occurredAt < now - latenessUs) {
    const days = Math.round(latenessUs / US_PER_DAY);
    throw new Refusal(
      'too_old',
      `occurredAt is more than ${days} days ago; bring history in with ingest --import`,
    );
  }
  return occurredAt;
}

/** The communication's start where the record tells a plausible one, else the event's own time. */
function startOf(values: EventValues, occurredAt: number): number {
  const startedAt = values['startedAt'];
  if (typeof startedAt !== 'number') return occurredAt;
  return startedAt <= occurredAt && startedAt >= occurredAt - CALL_LONGEST_US
    ? startedAt
    : occurredAt;
}

interface Place {
  readonly scope: Scope;
  readonly accountId: string;
  readonly occurredAt: number;
  readonly month: number;
}

function headerOf(
  { plan, nativeIds }: Preparation,
  values: EventValues,
  { scope, month, occurredAt, accountId }: Place,
): StoredHeader {
  const { ids } = scope;
  const overlaps = isMonthsBeginning(occurredAt) && monthOf(occurredAt) === month;
  const label = optionalText(values, 'source');
  if (label !== undefined) checkText('source', label);
  for (const field of plan.ids) {
    const id = values[field];
    if (typeof id === 'string') values[field] = ids.communication(id, month);
  }
  const native = plan.hasCommunication ? requiredText(values, 'communicationId') : undefined;
  // In the overlap tokens are those of last month, so that a call over the border keeps its legs.
  const tokenMonth = overlaps ? month - 1 : month;
  for (const field of nativeIds) {
    const id = values[field];
    if (typeof id === 'string') values[field] = ids.within(native ?? '', id, tokenMonth);
  }
  const leg = optionalText(values, 'legId');
  return {
    eventId: ids.event(requiredText(values, 'eventId'), month),
    communicationId: native === undefined ? undefined : ids.communication(native, month),
    alsoCommunicationId:
      native !== undefined && overlaps ? ids.alsoCommunication(native, month - 1) : undefined,
    source: scope.source.name,
    switch: label,
    sourceSequence: optionalNumber(values, 'sourceSequence'),
    occurredAt,
    observedAt: optionalNumber(values, 'observedAt'),
    legId: leg === undefined ? undefined : ids.within(native ?? '', leg, tokenMonth),
    accountId,
  };
}

/** Reads each number once and puts its normal form back into `values`. */
function identifyPeople(
  { people, messaging }: Preparation,
  values: EventValues,
  { scope, accountId }: { readonly scope: Scope; readonly accountId: string },
): (Identified | undefined)[] {
  const context = { country: scope.source.country, accountId, messaging };
  const found: (Identified | undefined)[] = new Array(people.length);
  for (let index = 0; index < people.length; index += 1) {
    const person = people[index];
    const raw = person === undefined ? undefined : values[person.field];
    if (person === undefined || typeof raw !== 'string') continue;
    const identified = person.kind === 'number' ? scope.numbers.get(raw, context) : addressOf(raw);
    found[index] = identified;
    if (identified.value === raw) continue;
    values[person.field] = identified.value;
    if (person.rawField !== undefined) values[person.rawField] ??= raw;
  }
  return found;
}

function addressOf(raw: string): Identified {
  const value = raw.toWellFormed().trim().toLowerCase();
  const plain = value.replace(/^(?:mailto|sips?):/, '');
  const namespace = plain === value || value.startsWith('mailto:') ? 'mail' : 'sip';
  const who = plain === '' || plain.length > 254 ? undefined : identifier(namespace, '', plain);
  return {
    identifier: who,
    value: plain,
    prefix: null,
    country: null,
    numberType: null,
    service: null,
  };
}

interface Facts {
  readonly people: readonly (Identified | undefined)[];
  readonly home: string | undefined;
}

function computeFacts(
  { computed }: Preparation,
  values: EventValues,
  { people, home }: Facts,
): void {
  for (const { field, from, rule, person } of computed) {
    if (rule === 'segments') {
      const text = values[from];
      values[field] = typeof text === 'string' ? segmentsOf(text).segments : null;
      continue;
    }
    const identified = people[person];
    if (identified === undefined) values[field] = null;
    else if (rule === 'zone') values[field] = zoneOf(identified.country, home);
    else values[field] = identified[rule];
  }
}

function boxesOf(
  { plan, boxes }: Preparation,
  values: EventValues,
  people: readonly (Identified | undefined)[],
): BoxRequest[] {
  const requests: BoxRequest[] = [];
  for (const { box, people: dependsOn } of boxes) {
    const plaintext = plan.encodeBox(box, values);
    if (plaintext === undefined) continue;
    const identifiers: Identifier[] = [];
    for (const index of dependsOn) {
      const who = people[index]?.identifier;
      if (who !== undefined && !identifiers.includes(who)) identifiers.push(who);
    }
    requests.push({ party: box.party, category: box.category, identifiers, plaintext });
  }
  return requests;
}

function optionalText(values: EventValues, field: string): string | undefined {
  const value = values[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function requiredText(values: EventValues, field: string): string {
  const value = optionalText(values, field);
  if (value === undefined) throw new Refusal('missing_field', `${field} is missing`);
  if (value.length > 512)
    throw new Refusal('impossible_value', `${field} is longer than 512 characters`);
  return value;
}

function optionalNumber(values: EventValues, field: string): number | undefined {
  const value = values[field];
  if (typeof value !== 'number') return undefined;
  if (!(value >= 0)) throw new Refusal('impossible_value', `${field} is below zero`);
  return value;
}
