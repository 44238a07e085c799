import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadSchemas } from '#events';
import { createDomains, formats, formatNamed } from '#ingest';
import { manualClock } from '#platform';
import { NOON_US } from '#test/support/vault.ts';
import { createRecordDecoder } from '../../services/ingest/decode-record.ts';
import { createScopedIds } from '../../services/ingest/ids/scoped-ids.ts';
import { createNumberCache } from '../../services/ingest/numbers/number-cache.ts';
import type { Receiver } from '../../services/ingest/receive.ts';
import { createReceiver } from '../../services/ingest/receive.ts';
import type { Entry } from '../../services/ingest/slice.ts';
import { channel } from './support/freeswitch.ts';
import { initiated, json } from './support/samples.ts';

const schemas = await loadSchemas();
const NUMBER = '447700900123';
const keys = {
  get: () => Buffer.alloc(32, 9),
  load: async () => undefined,
  clear: () => undefined,
};

function receiver(format = 'tollbook'): Receiver {
  return createReceiver({
    schemas,
    clock: manualClock(NOON_US),
    idKeys: keys,
    decoder: createRecordDecoder({ schemas, wire: undefined, format: formatNamed(format) }),
    scope: {
      source: { name: 'edge-1', country: 'GB', accountId: 'acme' },
      ids: createScopedIds('edge-1', keys),
      numbers: createNumberCache(),
      domains: createDomains([], 'cpaas-eu'),
      latenessUs: 30 * 86_400_000_000,
    },
    log: 'i/test',
    format,
  });
}

async function receive(body: Uint8Array, format?: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  await receiver(format).receive(
    { body, offset: 0, resume: 1 },
    { add: (entry) => entries.push(entry) },
  );
  return entries;
}

/** Everything of an entry that would be stored unsealed. */
function clearBytes({ prepared, quarantined }: Entry): Buffer {
  if (prepared !== undefined) return Buffer.from(prepared.facts);
  if (quarantined !== undefined) return Buffer.from(quarantined.facts(new Uint8Array(0)));
  return Buffer.alloc(0);
}

const writable = schemas.types().filter(({ shape }) => shape.by !== 'ledger');

describe('no number is stored in clear', () => {
  test.each(writable.map(({ type }) => type))(
    'whichever text field of %s it stands in',
    async (type) => {
      const plan = schemas.plan(type);
      const base: Record<string, unknown> = {
        type,
        communicationId: 'c1',
        occurredAt: NOON_US,
        accountId: 'acme',
      };
      for (const field of Object.keys(plan.blank())) {
        for (const spelled of [NUMBER, `+${NUMBER}`, `gw-${NUMBER}@192.0.2.1`, '07700 900123']) {
          for (const entry of await receive(json({ ...base, [field]: spelled }))) {
            const clear = clearBytes(entry).toString('latin1');
            expect(clear.replace(/[^0-9]/g, '').includes('7700900123'), `${type}.${field}`).toBe(
              false,
            );
          }
        }
      }
    },
  );

  test('nor in a FreeSWITCH record, in thirteen places', async () => {
    const us = NOON_US - 3_600_000_000;
    const record = channel({
      start_uepoch: String(us),
      progress_media_uepoch: String(us),
      answer_uepoch: String(us),
      end_uepoch: String(us),
    });
    const entries = await receive(json(record), 'freeswitch');
    expect(entries.map(({ prepared }) => prepared?.request.type)).toEqual([
      'call.initiated',
      'call.ringing',
      'call.answered',
      'call.ended',
    ]);
    for (const entry of entries)
      expect(clearBytes(entry).toString('latin1')).not.toMatch(/7700900123|1632960001/);
  });
});

describe('any bytes become events or one quarantined record', () => {
  test.each(formats.map(({ name }) => name))('as %s', async (format) => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record(
          {
            type: fc.constantFrom(...writable.map(({ type }) => type)),
            communicationId: fc.string(),
            occurredAt: fc.oneof(fc.constant(NOON_US), fc.double(), fc.string()),
            callerNumber: fc.oneof(fc.string(), fc.constant(`+${NUMBER}`)),
            legId: fc.string(),
            eventId: fc.string(),
            accountId: fc.string(),
          },
          { requiredKeys: [] },
        )
        .map((event) => json(event)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        const entries = await receive(body, format);
        expect(entries.length).toBeGreaterThan(0);
        expect(entries.at(-1)?.resume).toBe(1);
        expect(entries.filter(({ resume }) => resume !== undefined)).toHaveLength(1);
        for (const entry of entries) expect(clearBytes(entry).includes(NUMBER)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what is refused says why', () => {
  const DAY_US = 86_400_000_000;
  test.each([
    ['too_old', { occurredAt: NOON_US - 31 * DAY_US }],
    ['in_future', { occurredAt: NOON_US + 25 * 3_600_000_000 }],
    ['impossible_value', { occurredAt: 1_700_000_000 }],
    ['impossible_value', { accountId: '+447700900123' }],
    ['impossible_value', { sourceSequence: -1 }],
    ['impossible_value', { communicationId: 'x'.repeat(600) }],
    ['missing_field', { communicationId: '' }],
    ['number_in_fact', { route: 'to 07700 900123' }],
    ['number_in_fact', { source: '192.0.2.1@pbx' }],
    ['unknown_retention_class', { retentionClass: 'forever' }],
    ['invalid_event', { direction: 'sideways' }],
    ['unknown_type', { type: 'call.nothing' }],
    ['impossible_value', { type: 'call.ended', answeredAt: 1 }],
    ['impossible_value', { type: 'call.ended', endedAt: NOON_US + 3 * DAY_US }],
    ['impossible_value', { type: 'call.ended', startedAt: 2 ** 53 - 1 }],
    ['impossible_value', { type: 'call.ended', answeredAt: NOON_US - 40 * DAY_US }],
    ['impossible_value', { type: 'call.ended', startedAt: NOON_US, answeredAt: NOON_US - DAY_US }],
    ['impossible_value', { type: 'call.ended', answeredAt: NOON_US, endedAt: NOON_US - DAY_US }],
    ['impossible_value', { type: 'call.ended', billableSeconds: 2_147_483_647 }],
  ])('%s for %j', async (reason, fields) => {
    const [entry] = await receive(json(initiated(fields)));
    expect(entry?.quarantined?.refusal.reason).toBe(reason);
    expect(entry?.quarantined?.refusal.detail ?? '').not.toContain('7700');
  });

  test('what the ledger alone writes, with a source’s signature on it', async () => {
    const [entry] = await receive(
      json({ type: 'fence.raised', occurredAt: NOON_US, accountId: 'acme', communicationId: 'c' }),
    );
    expect(entry?.quarantined?.refusal.reason).toMatch(/ledger_type|invalid_event/);
  });
});

test('a time of zero is no time: what many switches write for "never"', async () => {
  const zero = { type: 'call.ended', startedAt: 0, answeredAt: 0, endedAt: 0 };
  const [entry] = await receive(json(initiated(zero)));
  const [absent] = await receive(json(initiated({ type: 'call.ended' })));
  expect(entry?.prepared?.facts).toEqual(absent?.prepared?.facts);
  expect(entry?.prepared?.request.month).toBe(682);
});

test('the epoch is that of the start where the record tells one', async () => {
  const october = Date.UTC(2026, 9, 31, 23, 50) * 1000;
  const november = Date.UTC(2026, 10, 1, 0, 10) * 1000;
  const month = async (fields: Record<string, unknown>) =>
    (await receive(json(initiated({ occurredAt: november, ...fields }))))[0]?.prepared?.request
      .month;
  expect(await month({})).toBe(682);
  expect(await month({ startedAt: october })).toBe(681);
  // A start that no call could have had is not believed.
  expect(await month({ startedAt: november + 1 })).toBe(682);
  expect(await month({ startedAt: november - 60 * 86_400_000_000 })).toBe(682);
});
