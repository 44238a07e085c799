import { describe, expect, test } from 'vitest';
import type { Intake } from '#ingest';
import { testLedger } from './support/ledger.ts';
import { ended, initiated, json } from './support/samples.ts';

const sender = { source: 'edge-1' };

function handed(...events: readonly unknown[]) {
  return events.map((event, index) => ({ body: json(event), nativeId: () => `line-${index}` }));
}

async function store(intake: Intake, ...events: readonly unknown[]) {
  const receipt = await intake.hand(sender, 'tollbook', handed(...events));
  await intake.durable(receipt.mark);
  return receipt;
}

describe('intake', () => {
  test('stores events with facts in clear and numbers sealed', async () => {
    await using ledger = await testLedger();
    const intake = await ledger.ingest.openIntake('api-1');
    const receipt = await store(intake, initiated({ calleeNumber: '02079460123' }), ended());
    expect(receipt).toMatchObject({ events: 2, quarantined: 0 });

    const [first, second] = await ledger.events('i/api-1');
    expect(first?.facts).toMatchObject({
      source: 'edge-1',
      accountId: 'acme',
      originCountry: 'GB',
      destinationPrefix: '44207946',
      destinationCountry: 'GB',
      destinationZone: 'national',
      destinationNumberType: 'fixed',
      calleeService: null,
    });
    expect(second?.facts.communicationId).toBe(first?.facts.communicationId);
    expect(first?.envelope.coordinate).toMatchObject({ offset: 0, index: 0, last: true });

    const bytes = await ledger.dump();
    for (const digits of ['447700900123', '7700900123', '2079460123', '12025550147']) {
      expect(bytes.includes(digits)).toBe(false);
    }
    await intake.close();
  });

  test('opens again what was sealed, with the number as E.164 and what was dialled beside it', async () => {
    await using ledger = await testLedger();
    const intake = await ledger.ingest.openIntake('api-1');
    await store(intake, initiated({ calleeNumber: '020 7946 0123' }));
    const [event] = await ledger.events('i/api-1');
    const group = event?.envelope.groups[0];
    if (event === undefined || group === undefined) throw new Error('nothing was stored');
    const index = group.boxes.findIndex(({ party }) => party === 'callee');
    const { groupRef } = await import('#events');
    const [opened] = await ledger.vault.reader.open(
      { actor: 'test', role: 'operator', purpose: 'care' },
      [{ ref: groupRef(event, group), index }],
    );
    if (opened?.state !== 'open') throw new Error(`the box is ${opened?.state}`);
    const values = ledger.schemas.decodeBox(
      event.type,
      event.envelope.fingerprint,
      'callee',
      'traffic',
      opened.plaintext,
    );
    expect(values).toMatchObject({ calleeNumber: '+442079460123', calleeDialled: '020 7946 0123' });
    await intake.close();
  });

  test('scopes ids to the source: the same native ids of another source are another call', async () => {
    await using ledger = await testLedger();
    const intake = await ledger.ingest.openIntake('api-1');
    await store(intake, initiated());
    const other = await intake.hand(
      { source: 'edge-2' },
      'tollbook',
      handed(initiated({ source: 'edge-1' })),
    );
    await intake.durable(other.mark);
    const [mine, theirs] = await ledger.events('i/api-1');
    expect(theirs?.facts.eventId).not.toBe(mine?.facts.eventId);
    expect(theirs?.facts.communicationId).not.toBe(mine?.facts.communicationId);
    expect(theirs?.facts.source).toBe('edge-2');
    await intake.close();
  });

  test('refuses another account than the credential is for, into quarantine', async () => {
    await using ledger = await testLedger();
    const intake = await ledger.ingest.openIntake('api-1');
    const mine = { source: 'edge-1', accountId: 'acme' };
    const receipt = await intake.hand(
      mine,
      'tollbook',
      handed(initiated({ accountId: 'other' }), initiated({ accountId: undefined })),
    );
    await intake.durable(receipt.mark);
    expect(receipt.refused).toMatchObject([{ record: 0, reason: 'wrong_account' }]);
    expect(receipt.events).toBe(1);
    await intake.close();
  });

  test('gives a repeat the same ids, also where the event has none of its own', async () => {
    await using ledger = await testLedger();
    const intake = await ledger.ingest.openIntake('api-1');
    await store(intake, initiated({ eventId: undefined }), initiated());
    await store(intake, initiated({ eventId: undefined }), initiated());
    const ids = (await ledger.events('i/api-1')).map(({ facts }) => facts.eventId);
    expect(ids).toHaveLength(4);
    expect(ids.slice(2)).toEqual(ids.slice(0, 2));
    await intake.close();
  });

  test('goes on counting places where an earlier process stopped', async () => {
    await using ledger = await testLedger();
    const first = await ledger.ingest.openIntake('api-1');
    await store(first, initiated(), ended());
    await first.close();
    const second = await ledger.ingest.openIntake('api-1');
    await store(second, ended());
    const offsets = (await ledger.events('i/api-1')).map(
      ({ envelope }) => envelope.coordinate.offset,
    );
    expect(offsets).toEqual([0, 1, 2]);
    await second.close();
  });

  test('takes many callers at once in few slices, each answered when its own are durable', async () => {
    await using ledger = await testLedger();
    const intake = await ledger.ingest.openIntake('api-1');
    const calls = Array.from({ length: 300 }, (_, index) =>
      store(intake, initiated({ eventId: `e${index}`, communicationId: `c${index}` })),
    );
    await Promise.all(calls);
    expect(await ledger.events('i/api-1')).toHaveLength(300);
    await intake.close();
  });

  test('a second process with the same log is told that it was superseded', async () => {
    await using ledger = await testLedger();
    const first = await ledger.ingest.openIntake('api-1');
    const other = await ledger.another();
    const second = await other.openIntake('api-1');
    await store(second, initiated());
    await expect(store(first, ended())).rejects.toMatchObject({ code: 'superseded' });
    expect(() => first.admit()).toThrow(expect.objectContaining({ code: 'stopped' }));
    await second.close();
  });

  test('an event in the first days of a month also carries its id under last month’s key', async () => {
    const second = Date.UTC(2026, 10, 2, 9) * 1000;
    await using ledger = await testLedger({ now: second });
    const intake = await ledger.ingest.openIntake('api-1');
    const callId = 'i87a2hh93r9@192.0.2.10';
    const lastMonth = Date.UTC(2026, 9, 31, 23, 59) * 1000;
    await store(
      intake,
      initiated({ communicationId: callId, occurredAt: lastMonth }),
      ended({ communicationId: callId, occurredAt: second }),
    );
    const [began, over] = await ledger.events('i/api-1');
    expect(over?.facts.communicationId).not.toBe(began?.facts.communicationId);
    expect(over?.facts.alsoCommunicationId).toBe(began?.facts.communicationId);
    expect(began?.facts.alsoCommunicationId).toBeNull();
    await intake.close();
  });

  test('a lone surrogate in a number field holds nobody up, also after a restart', async () => {
    await using ledger = await testLedger();
    const first = await ledger.ingest.openIntake('api-1');
    const broken = ['\\ud800', '\\udbff'].map((text) =>
      Buffer.from(JSON.stringify(initiated()).replace('+447700900123', text)),
    );
    const hand = async (intake: Intake, n: string) => {
      const records = broken.map((body, index) => ({ body, nativeId: () => `${n}${index}` }));
      const receipt = await intake.hand(sender, 'tollbook', records);
      await intake.durable(receipt.mark);
    };
    await hand(first, 'a');
    await first.close();
    const other = await ledger.another();
    const second = await other.openIntake('api-2');
    await hand(second, 'b');
    await second.close();
    expect(await ledger.events('i/api-2')).toHaveLength(2);
  });

  test('a call over a month’s border keeps its legs', async () => {
    const november = Date.UTC(2026, 10, 1, 0, 5) * 1000;
    await using ledger = await testLedger({ now: november });
    const intake = await ledger.ingest.openIntake('api-1');
    for (const communicationId of ['1793491140.17', '0b0e6f7a-6a3c-4d51-9c1d-2f6f4f0c1a01']) {
      const fields = { communicationId, legId: 'PJSIP/alex-0001', eventId: undefined };
      const began = initiated({ ...fields, occurredAt: november - 360_000_000 });
      await store(intake, began, ended({ ...fields, occurredAt: november }));
    }
    const legs = (await ledger.events('i/api-1')).map(({ facts }) => facts.legId);
    expect(legs[1]).toBe(legs[0]);
    expect(legs[3]).toBe(legs[2]);
    expect(legs[0]).not.toContain('alex');
    await intake.close();
  });
});
