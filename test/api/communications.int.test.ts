import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHouse } from './support/house.ts';
import type { House } from './support/house.ts';
import { ago, ALEX, call, SAM } from './support/samples.ts';

/** Where beta's user has calls forwarded to. */
const PRIVATE = '+447700900166';

let house: House;
let own: string;
let foreign: string;

beforeAll(async () => {
  house = await openHouse();
  const told = await house.tell([...call('c1'), ...call('c2', 'other')]);
  own = told[0]?.communicationId ?? '';
  foreign = told[3]?.communicationId ?? '';
});
afterAll(() => house[Symbol.asyncDispose]());

describe('communications over HTTP', () => {
  it('shows one with its facts and a masked destination, and nothing opened', async () => {
    const answer = await house.ask('operator', { method: 'GET', url: `/v1/communications/${own}` });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      id: own,
      kind: 'call',
      accountId: 'acme',
      source: 'edge-1',
      disposition: 'answered',
      billableSeconds: 60,
      q850: 16,
    });
    expect(answer.json().destination.masked).toMatch(/^\+1202\d*••••$/);
    expect(answer.body).not.toContain(SAM.slice(1));
    expect(answer.body).not.toContain(ALEX.slice(1));
  });

  it('reads its timeline back from the journal, in order of time, boxes sealed', async () => {
    const answer = await house.ask('auditor', {
      method: 'GET',
      url: `/v1/communications/${own}/timeline`,
    });
    const { items } = answer.json();
    expect(items.map((event: { type: string }) => event.type)).toEqual([
      'call.initiated',
      'call.answered',
      'call.ended',
    ]);
    expect(items[0].sealed).toEqual(['caller', 'callee']);
    expect(answer.body).not.toContain(SAM.slice(1));
  });

  it('lists only its own to an account, whatever the filter says', async () => {
    const all = await house.ask('account', { method: 'GET', url: '/v1/communications' });
    expect(all.json().items.map((item: { id: string }) => item.id)).toEqual([own]);
    const tried = await house.ask('account', {
      method: 'GET',
      url: '/v1/communications?accountId=other',
    });
    expect(tried.json().items).toEqual([]);
  });

  it("answers for another account's record as for one that never was", async () => {
    const never = '00000000-0000-5000-8000-000000000000';
    for (const suffix of ['', '/timeline']) {
      const hidden = await house.ask('account', {
        method: 'GET',
        url: `/v1/communications/${foreign}${suffix}`,
      });
      const absent = await house.ask('account', {
        method: 'GET',
        url: `/v1/communications/${never}${suffix}`,
      });
      expect(hidden.statusCode).toBe(404);
      expect({ ...hidden.json(), requestId: '' }).toEqual({ ...absent.json(), requestId: '' });
    }
  });

  it('shows and opens to an account its own part of a call that was forwarded into another', async () => {
    const header = { communicationId: 'shared', occurredAt: ago(40) };
    const [first] = await house.tell([
      {
        ...header,
        type: 'call.initiated',
        eventId: 'sh-1',
        legId: 'a',
        accountId: 'acme',
        direction: 'outbound',
        callerNumber: ALEX,
        calleeNumber: SAM,
      },
      {
        ...header,
        type: 'call.leg.added',
        eventId: 'sh-2',
        legId: 'c',
        accountId: 'beta',
        callerNumber: SAM,
        calleeNumber: PRIVATE,
      },
      { ...header, type: 'call.answered', eventId: 'sh-3', legId: 'c', accountId: 'beta' },
    ]);
    const url = `/v1/communications/${first?.communicationId ?? ''}`;
    const shown = (await house.ask('account', { method: 'GET', url })).json();
    expect(shown.legs.map((leg: { accountId: string }) => leg.accountId)).toEqual(['acme']);
    const timeline = (await house.ask('account', { method: 'GET', url: `${url}/timeline` })).json();
    expect(timeline.items.map((event: { type: string }) => event.type)).toEqual(['call.initiated']);
    const opened = await house.ask('account', { method: 'POST', url: `${url}/open`, payload: {} });
    expect(opened.json().parties.map((party: { number: string }) => party.number)).toEqual([
      ALEX,
      SAM,
    ]);
    const whole = await house.ask('operator', {
      method: 'POST',
      url: `${url}/open`,
      payload: { purpose: 'fault_finding' },
    });
    expect(whole.body).toContain(PRIVATE);
    expect(
      (await house.ask('operator', { method: 'GET', url: `${url}/timeline` })).json().items,
    ).toHaveLength(3);
  });

  it('opens the parties for a purpose, after putting the access on record', async () => {
    const before = await accesses();
    const answer = await house.ask('agent', {
      method: 'POST',
      url: `/v1/communications/${own}/open`,
      payload: { purpose: 'care' },
    });
    expect(answer.statusCode).toBe(200);
    const parties: { role: string; number: string }[] = answer.json().parties;
    expect(parties.map(({ role, number }) => [role, number])).toEqual([
      ['caller', ALEX],
      ['callee', SAM],
    ]);
    expect(await accesses()).toBe(before + 1);
  });

  it('opens nothing when the access cannot be put on record', async () => {
    const journal = house.ledger.journal;
    const append = journal.append.bind(journal);
    journal.append = async () => {
      throw new Error('no room');
    };
    try {
      const answer = await house.ask('agent', {
        method: 'POST',
        url: `/v1/communications/${own}/open`,
        payload: { purpose: 'care' },
      });
      expect(answer.statusCode).toBe(500);
      expect(answer.body).not.toContain(ALEX.slice(1));
    } finally {
      journal.append = append;
    }
  });

  it("refuses a purpose that is not the role's, and none at all", async () => {
    const open = (payload: object) =>
      house.ask('agent', { method: 'POST', url: `/v1/communications/${own}/open`, payload });
    expect((await open({ purpose: 'fault_finding' })).json().code).toBe('forbidden');
    expect((await open({})).json().code).toBe('purpose_required');
    expect((await open({ purpose: 'curiosity' })).json().code).toBe('bad_request');
  });

  it('lists as many as asked for, whatever another caller asked for before', async () => {
    const list = (limit: number) =>
      house.ask('operator', { method: 'GET', url: `/v1/communications?limit=${limit}` });
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) => list((index % 5) + 1)),
    );
    expect(answers.map((answer) => answer.statusCode)).toEqual(answers.map(() => 200));
  });

  it('pages with a cursor that goes with its filters', async () => {
    const first = (
      await house.ask('operator', { method: 'GET', url: '/v1/communications?limit=1' })
    ).json();
    expect(first.items).toHaveLength(1);
    const url = `/v1/communications?limit=1&cursor=${first.next}`;
    const second = (await house.ask('operator', { method: 'GET', url })).json();
    expect(second.items).toHaveLength(1);
    expect(second.items[0].id).not.toBe(first.items[0].id);
    const elsewhere = await house.ask('operator', { method: 'GET', url: `${url}&kind=sms` });
    expect(elsewhere.json().code).toBe('bad_cursor');
    const byAccount = await house.ask('account', { method: 'GET', url });
    expect(byAccount.json().code).toBe('bad_cursor');
  });
});

async function accesses(): Promise<number> {
  let count = 0;
  for await (const batch of house.ledger.journal.readLog('decisions', 0, 1_000)) {
    count += batch.filter((event) => event.type === 'access.recorded').length;
  }
  return count;
}
