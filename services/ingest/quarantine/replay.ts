import type { Access, Reader } from '#vault';
import { createRecordDecoder } from '../decode-record.ts';
import { IngestError } from '../errors.ts';
import { formatNamed } from '../formats/index.ts';
import type { Intake } from '../http/intake.ts';
import { createIdHasher } from '../ids/hash.ts';
import { createScopedIds } from '../ids/scoped-ids.ts';
import type { SharedParts } from '../parts.ts';
import type { Examined } from '../receive.ts';
import { createReceiver } from '../receive.ts';
import type { Entry } from '../slice.ts';
import type { QuarantinedRecord } from './read.ts';
import { openQuarantined, readQuarantined } from './read.ts';

export interface ReplayRequest {
  readonly access: Access;
  readonly log: string;
  readonly position: number;
  /** Which try, from 1: the same try twice has one effect. */
  readonly attempt: number;
}

export interface Replayed {
  readonly id: string;
  readonly outcome: 'accepted' | 'refused' | 'expired';
  readonly reason?: string;
  readonly events: number;
}

const REPLAYED = 'record.replayed';
const ids = createIdHasher('replayed', '');

/**
 * Tries a quarantined record again, as it came, with what is configured now. What it becomes and the
 * outcome are appended together; its events have the ids they would have had at first, so a replay
 * of what was accepted before changes nothing.
 *
 * @throws IngestError `not_in_quarantine`, `quarantine_unreadable`
 */
export async function replayQuarantined(
  parts: SharedParts,
  ways: { readonly intake: Intake; readonly reader: Pick<Reader, 'openQuarantined'> },
  request: ReplayRequest,
): Promise<Replayed> {
  ways.intake.admit();
  const record = await readQuarantined(parts, request);
  const body = await bodyOf(parts, ways.reader, { record, access: request.access });
  const examined = body === undefined ? undefined : await examine(parts, record, body);
  const outcome = outcomeOf(examined);
  const entry = outcomeEntry(parts, record, { attempt: request.attempt, ...outcome });
  const mark = ways.intake.handEntries((offset) => {
    const events = examined?.events ?? [];
    const last = events.length;
    const entries = events.map((prepared, index): Entry => ({
      coordinate: { offset, index, last: false },
      resume: undefined,
      prepared,
    }));
    return [
      ...entries,
      { coordinate: { offset, index: last, last: true }, resume: offset + 1, plain: entry },
    ];
  });
  await ways.intake.durable(mark);
  return { id: record.id, events: examined?.events.length ?? 0, ...outcome };
}

async function bodyOf(
  { clock }: SharedParts,
  reader: Pick<Reader, 'openQuarantined'>,
  { record, access }: { readonly record: QuarantinedRecord; readonly access: Access },
): Promise<Uint8Array | undefined> {
  try {
    return await openQuarantined(reader, record, { access, now: clock.now() });
  } catch (error) {
    if (error instanceof IngestError && error.code === 'quarantine_expired') return undefined;
    throw error;
  }
}

/** Its age is judged as when it first came. */
async function examine(
  parts: SharedParts,
  record: QuarantinedRecord,
  body: Uint8Array,
): Promise<Examined> {
  const { schemas, idKeys, sources, numbers, domains, latenessUs, wire } = parts;
  const format = formatNamed(record.format);
  const { coordinate } = record.event.envelope;
  const { accountId, nativeId, fingerprint } = record;
  const settings = sources.get(record.source);
  const receiver = createReceiver({
    schemas,
    clock: { now: () => record.at },
    idKeys,
    decoder: createRecordDecoder({ schemas, wire, format }),
    scope: {
      source: accountId === undefined ? settings : { ...settings, accountId },
      accountId,
      ids: createScopedIds(record.source, idKeys),
      numbers,
      domains,
      latenessUs,
    },
    log: record.log,
    format: format.name,
  });
  const place = { offset: coordinate.offset, resume: coordinate.offset + 1 };
  const name = nativeId === undefined ? {} : { nativeId: () => nativeId };
  return await receiver.examine({ body, fingerprint, ...place, ...name });
}

type Outcome = Pick<Replayed, 'outcome' | 'reason'>;

function outcomeOf(examined: Examined | undefined): Outcome {
  if (examined === undefined) return { outcome: 'expired' };
  const { refusal } = examined;
  return refusal === undefined
    ? { outcome: 'accepted' }
    : { outcome: 'refused', reason: refusal.reason };
}

function outcomeEntry(
  { schemas, clock, domains }: SharedParts,
  record: QuarantinedRecord,
  { attempt, outcome, reason }: Outcome & { readonly attempt: number },
): NonNullable<Entry['plain']> {
  const plan = schemas.plan(REPLAYED);
  const domain = domains.of(undefined);
  if (domain === undefined) throw new Error('the default domain is missing');
  const id = ids.hash(`${record.id}#${attempt}`);
  const at = clock.now();
  const values = plan.blank();
  values['quarantinedId'] = Buffer.from(record.id, 'hex');
  values['attempt'] = attempt;
  values['outcome'] = outcome;
  values['reason'] = reason ?? null;
  const facts = plan.encodeFacts(
    {
      eventId: id,
      communicationId: id,
      source: record.source,
      occurredAt: at,
      accountId: record.accountId ?? '',
    },
    values,
  );
  return { id, plan, domain, at, facts };
}
