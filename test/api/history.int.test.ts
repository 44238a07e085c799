import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHouse } from './support/house.ts';
import type { House } from './support/house.ts';
import { ago, ALEX, call, SAM, UNKNOWN } from './support/samples.ts';

const ELSEWHERE = '+447700900155';
let house: House;

beforeAll(async () => {
  house = await openHouse();
  const sms = (id: string, at: number) => ({
    type: 'sms.submitted',
    eventId: id,
    communicationId: id,
    accountId: 'acme',
    occurredAt: ago(at),
    direction: 'outbound',
    senderNumber: ALEX,
    recipientNumber: SAM,
    text: 'See you at noon',
  });
  await house.tell([
    ...call('h1', 'acme', { at: 4_000 }),
    ...call('h2', 'acme', { at: 3_000, callee: '+12025550151' }),
    sms('m1', 2_000),
    sms('m2', 1_000),
    ...call('o1', 'other', { callee: ELSEWHERE }),
  ]);
});
afterAll(() => house[Symbol.asyncDispose]());

const search = (
  payload: object,
  role: 'account' | 'stranger' | 'agent' = 'account',
  account = 'acme',
) => house.ask(role, { method: 'POST', url: `/v1/accounts/${account}/history/search`, payload });

describe('history over HTTP', () => {
  it('shows an account its own records with numbers, newest first', async () => {
    const answer = await house.ask('account', { method: 'GET', url: '/v1/accounts/acme/history' });
    const items: { kind: string; counterpart: { number: string }; own: { number: string } }[] =
      answer.json().items;
    expect(items.map((item) => [item.kind, item.counterpart.number])).toEqual([
      ['sms', SAM],
      ['sms', SAM],
      ['call', '+12025550151'],
      ['call', SAM],
    ]);
    expect(items[0]?.own.number).toBe(ALEX);
  });

  it('finds by number, by thread and by interval', async () => {
    expect((await search({ number: SAM })).json().items).toHaveLength(3);
    const { thread } = (await search({})).json().items[0];
    expect(
      (await search({ thread })).json().items.map((item: { kind: string }) => item.kind),
    ).toEqual(['sms', 'sms']);
    const from = new Date(Date.now() - 3_500_000).toISOString();
    expect((await search({ from })).json().items).toHaveLength(3);
  });

  it('answers the same for a number that only another account knows as for one nobody knows', async () => {
    const foreign = await search({ number: ELSEWHERE });
    const unknown = await search({ number: UNKNOWN });
    expect(foreign.statusCode).toBe(200);
    expect(foreign.json()).toEqual({ items: [] });
    expect(foreign.body).toBe(unknown.body);
    expect((await search({ number: ELSEWHERE }, 'stranger', 'other')).json().items).toHaveLength(1);
  });

  it("never shows an account another one's", async () => {
    const answer = await search({}, 'stranger', 'acme');
    expect(answer.statusCode).toBe(404);
    expect(answer.body).not.toContain(SAM.slice(1));
  });

  it('pages to the end with cursors, each record once', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page: { items: { id: string }[]; next?: string } = (
        await search({ limit: 1, ...(cursor === undefined ? {} : { cursor }) })
      ).json();
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(4);
    expect(new Set(seen).size).toBe(4);
  });

  it('takes a purpose of an agent', async () => {
    expect((await search({}, 'agent')).json().code).toBe('purpose_required');
    expect((await search({ purpose: 'care' }, 'agent')).json().items).toHaveLength(4);
  });
});
