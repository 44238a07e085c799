import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHouse } from './support/house.ts';
import type { House } from './support/house.ts';
import { ago } from './support/samples.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

const post = (url: string, payload: object) =>
  house.ask('switch', { method: 'POST', url, payload });
const event = (id: string) => ({
  type: 'call.initiated',
  communicationId: id,
  accountId: 'acme',
  occurredAt: ago(10),
});

describe('documents of one stream', () => {
  it('give events without ids their place in the stream, not in the document', async () => {
    const first = await post('/v1/events?stream=s1', [event('d1'), event('d2')]);
    const second = await post('/v1/events?stream=s1&from=2', [event('d3'), event('d4')]);
    const again = await post('/v1/events?stream=s1&from=2', [event('d3'), event('d4')]);
    const ids = [first, second].flatMap((answer) =>
      answer.json().events.map(({ eventId }: { eventId: string }) => eventId),
    );
    expect(new Set(ids).size).toBe(4);
    expect(again.json().events).toEqual(second.json().events);
  });
});

describe('a long array', () => {
  it('is taken in parts, each record named by its place in the whole', async () => {
    const array: unknown[] = Array.from({ length: 2_500 }, (_, index) => event(`long-${index}`));
    array[2_400] = 'no event';
    const answer = await post('/v1/events', array);
    expect(answer.json()).toMatchObject({ durable: 2_500, quarantined: [{ record: 2_400 }] });
    expect(answer.json().events).toHaveLength(100);
  });

  it('is refused whole when it is too long, before anything is taken', async () => {
    const answer = await post(
      '/v1/events',
      Array.from({ length: 10_001 }, () => 0),
    );
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'too_large']);
    const { quarantined } = (
      await house.ask('operator', { method: 'GET', url: '/v1/status' })
    ).json();
    expect(quarantined).toBe(1);
  });
});
