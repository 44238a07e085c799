import { describe, expect, test } from 'vitest';
import type { Access } from '#vault';
import { NOON_US } from '#test/support/vault.ts';
import type { TestLedger } from './support/ledger.ts';
import { testLedger } from './support/ledger.ts';
import { initiated, json } from './support/samples.ts';

const access: Access = { actor: 'token-1', role: 'operator', purpose: 'fault_finding' };
const DAY_US = 86_400_000_000;

async function refused(ledger: TestLedger, ...bodies: Buffer[]) {
  const intake = await ledger.ingest.openIntake('api-1');
  const records = bodies.map((body, index) => ({ body, nativeId: () => `n${index}` }));
  const receipt = await intake.hand({ source: 'edge-1' }, 'tollbook', records);
  await intake.durable(receipt.mark);
  return intake;
}

async function listed(ledger: TestLedger) {
  const records = [];
  for await (const record of ledger.ingest.listQuarantined('i/api-1')) records.push(record);
  return records;
}

describe('quarantine', () => {
  test('keeps what was refused sealed, with its reason, and opens it only on record', async () => {
    await using ledger = await testLedger();
    const body = json(initiated({ retentionClass: 'no-such-pack' }));
    const intake = await refused(ledger, body);
    const [record] = await listed(ledger);
    expect(record).toMatchObject({
      reason: 'unknown_retention_class',
      source: 'edge-1',
      format: 'tollbook',
      size: body.length,
    });
    expect((await ledger.dump()).includes('447700900123')).toBe(false);

    const place = { log: 'i/api-1', position: record?.position ?? 0 };
    const opened = await ledger.ingest.openQuarantined(ledger.vault.reader, access, place);
    expect(Buffer.from(opened).equals(body)).toBe(true);
    expect(ledger.place.records).toMatchObject([{ actor: 'token-1', purpose: 'fault_finding' }]);
    await intake.close();
  });

  test('a replay that is still refused says so; one under new settings is accepted, with the ids of the first try', async () => {
    await using ledger = await testLedger();
    const intake = await refused(ledger, json(initiated({ retentionClass: 'ucaas-us' })));
    const request = { access, log: 'i/api-1', position: 1 };
    const ways = { intake, reader: ledger.vault.reader };
    expect(await ledger.ingest.replayQuarantined(ways, { ...request, attempt: 1 })).toMatchObject({
      outcome: 'refused',
      reason: 'unknown_retention_class',
    });

    const { createDomains } = await import('#ingest');
    const fixed = await ledger.another({ domains: createDomains(['ucaas-us'], 'cpaas-eu') });
    expect(await fixed.replayQuarantined(ways, { ...request, attempt: 2 })).toMatchObject({
      outcome: 'accepted',
      events: 1,
    });
    // The same again: the same events and the same outcome, by id.
    await fixed.replayQuarantined(ways, { ...request, attempt: 2 });
    const events = await ledger.events('i/api-1');
    expect(events.map(({ type, facts }) => facts['outcome'] ?? type)).toEqual([
      'record.quarantined',
      'refused',
      'call.initiated',
      'accepted',
      'call.initiated',
      'accepted',
    ]);
    expect(events[4]?.facts.eventId).toBe(events[2]?.facts.eventId);
    expect(events[5]?.facts.eventId).toBe(events[3]?.facts.eventId);
    expect(String(events[3]?.facts['quarantinedId'])).toContain(events[0]?.facts.eventId ?? 'none');
    await intake.close();
  });

  test('is replayed under the account of its credential, never another', async () => {
    await using ledger = await testLedger();
    const intake = await ledger.ingest.openIntake('api-1');
    const records = [
      json(initiated({ accountId: 'victim' })),
      json(initiated({ accountId: undefined, retentionClass: 'ucaas-us' })),
    ];
    const receipt = await intake.hand(
      { source: 'edge-1', accountId: 'beta' },
      'tollbook',
      records.map((body, index) => ({ body, nativeId: () => `n${index}` })),
    );
    await intake.durable(receipt.mark);
    const { createDomains, createSources } = await import('#ingest');
    const fixed = await ledger.another({
      domains: createDomains(['ucaas-us'], 'cpaas-eu'),
      sources: createSources([{ name: 'edge-1', accountId: 'acme' }]),
    });
    const ways = { intake, reader: ledger.vault.reader };
    const replay = (position: number) =>
      fixed.replayQuarantined(ways, { access, log: 'i/api-1', position, attempt: 1 });
    expect(await replay(1)).toMatchObject({ outcome: 'refused', reason: 'wrong_account' });
    expect(await replay(2)).toMatchObject({ outcome: 'accepted' });
    const stored = (await ledger.events('i/api-1')).filter(({ type }) => type === 'call.initiated');
    expect(stored.map(({ facts }) => facts.accountId)).toEqual(['beta']);
    await intake.close();
  });

  test('a replayed record without an id of its own has the id its sender’s repeat has', async () => {
    await using ledger = await testLedger();
    const body = json(initiated({ eventId: undefined, retentionClass: 'ucaas-us' }));
    const intake = await refused(ledger, body);
    const { createDomains } = await import('#ingest');
    const fixed = await ledger.another({ domains: createDomains(['ucaas-us'], 'cpaas-eu') });
    const ways = { intake, reader: ledger.vault.reader };
    await fixed.replayQuarantined(ways, { access, log: 'i/api-1', position: 1, attempt: 1 });
    const second = await fixed.openIntake('api-2');
    const repeat = await second.hand({ source: 'edge-1' }, 'tollbook', [
      { body, nativeId: () => 'n0' },
    ]);
    await second.durable(repeat.mark);
    const [again] = await ledger.events('i/api-2');
    const replayed = (await ledger.events('i/api-1')).find(({ type }) => type === 'call.initiated');
    expect(again?.facts.eventId).toBe(replayed?.facts.eventId);
    await Promise.all([intake.close(), second.close()]);
  });

  test('judges age as when the record came', async () => {
    await using ledger = await testLedger();
    const intake = await refused(
      ledger,
      json(initiated({ occurredAt: NOON_US - 5 * DAY_US, retentionClass: 'ucaas-us' })),
    );
    ledger.place.clock.advance(28 * DAY_US);
    const { createDomains } = await import('#ingest');
    const fixed = await ledger.another({ domains: createDomains(['ucaas-us'], 'cpaas-eu') });
    const replayed = await fixed.replayQuarantined(
      { intake, reader: ledger.vault.reader },
      { access, log: 'i/api-1', position: 1, attempt: 1 },
    );
    expect(replayed.outcome).toBe('accepted');
    await intake.close();
  });

  test('after thirty days a replay answers expired, and the body is opened no more', async () => {
    await using ledger = await testLedger();
    const intake = await refused(ledger, json({ type: 'call.nothing' }));
    ledger.place.clock.advance(31 * DAY_US);
    const place = { log: 'i/api-1', position: 1 };
    await expect(
      ledger.ingest.openQuarantined(ledger.vault.reader, access, place),
    ).rejects.toMatchObject({ code: 'quarantine_expired' });
    const ways = { intake, reader: ledger.vault.reader };
    expect(
      await ledger.ingest.replayQuarantined(ways, { ...place, access, attempt: 1 }),
    ).toMatchObject({ outcome: 'expired', events: 0 });
    expect((await ledger.events('i/api-1')).at(-1)?.facts['outcome']).toBe('expired');
    await intake.close();
  });

  test('tells a place with no quarantined record, and a body that cannot be opened', async () => {
    await using ledger = await testLedger();
    const intake = await refused(ledger, json(initiated()), json({ type: 'call.nothing' }));
    await expect(
      ledger.ingest.readQuarantined({ log: 'i/api-1', position: 1 }),
    ).rejects.toMatchObject({ code: 'not_in_quarantine' });
    await expect(
      ledger.ingest.readQuarantined({ log: 'i/api-1', position: 9 }),
    ).rejects.toMatchObject({ code: 'not_in_quarantine' });
    for (const state of ['tampered', 'unavailable'] as const) {
      const reader = { openQuarantined: async () => [{ state }] };
      await expect(
        ledger.ingest.openQuarantined(reader, access, { log: 'i/api-1', position: 2 }),
      ).rejects.toMatchObject({
        code: 'quarantine_unreadable',
      });
    }
    await intake.close();
  });

  test('a record too long to keep leaves its trace without its body', async () => {
    await using ledger = await testLedger();
    const intake = await refused(ledger, Buffer.alloc(600 * 1024, '7'));
    const [record] = await listed(ledger);
    expect(record).toMatchObject({ reason: 'oversized', size: 600 * 1024, sealed: undefined });
    await intake.close();
  });
});
