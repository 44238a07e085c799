import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHouse } from './support/house.ts';
import type { House } from './support/house.ts';
import { ago } from './support/samples.ts';

/** A number nobody has, as digits: whatever carries them was written by mistake. */
const DIGITS = '447700900177';
const PLANTED = `+${DIGITS}`;
const SCHEMAS = join(import.meta.dirname, '../../schemas');

interface Field {
  readonly name: string;
  readonly type: unknown;
}

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

/** Each type of the vocabulary with a planted number in one field, field by field, and in all at once. */
async function plantedEvents(): Promise<object[]> {
  const events: object[] = [];
  const files = (await readdir(SCHEMAS)).filter((file) => file.endsWith('.avsc'));
  for (const file of files) {
    const { fields }: { fields: Field[] } = JSON.parse(await readFile(join(SCHEMAS, file), 'utf8'));
    const type = file.slice(0, -'.avsc'.length);
    const texts = fields.map(({ name }) => name).filter((name) => name !== 'occurredAt');
    const header = { type, occurredAt: ago(60), communicationId: `x-${type}`, accountId: 'acme' };
    events.push({ ...header, ...Object.fromEntries(texts.map((name) => [name, PLANTED])) });
    for (const name of texts)
      events.push({ ...header, eventId: `${type}-${name}`, [name]: PLANTED });
    events.push({ ...header, [PLANTED]: PLANTED });
  }
  return events;
}

describe('a number planted in every field of every event type', () => {
  it('is in no log line, metric, answer or error', async () => {
    const events = await plantedEvents();
    expect(events.length).toBeGreaterThan(300);
    const answers: string[] = [];
    for (let at = 0; at < events.length; at += 200) {
      const answer = await house.ask('switch', {
        method: 'POST',
        url: '/v1/events',
        payload: events.slice(at, at + 200),
      });
      answers.push(answer.body);
    }
    const broken = [
      `{"callerNumber":"${PLANTED}`,
      PLANTED,
      `cdr=${PLANTED}`,
      JSON.stringify({ [PLANTED]: 1 }),
    ];
    for (const body of broken) {
      for (const url of ['/v1/events', '/v1/intake/freeswitch']) {
        const answer = await house.ask('switch', {
          method: 'POST',
          url,
          payload: body,
          headers: { 'content-type': 'application/json' },
        });
        answers.push(answer.body);
      }
    }
    const number = encodeURIComponent(PLANTED);
    const reads = [
      `/v1/communications?number=${number}`,
      `/v1/communications/${number}`,
      `/v1/${number}`,
      `/v1/communications?cursor=${number}`,
      `/v1/usage?from=${number}`,
      `/v1/quarantine?reason=${number}`,
      '/v1/communications?limit=500',
      '/v1/quarantine?limit=500',
      '/v1/status',
      '/v1/usage?groupBy=accountId,prefix,zone',
      '/v1/usage/feed',
    ];
    for (const url of reads)
      answers.push((await house.ask('operator', { method: 'GET', url })).body);
    for (const body of [
      { number: PLANTED },
      { [PLANTED]: 1 },
      { number: [PLANTED] },
      { number: PLANTED, purpose: PLANTED },
      { thread: PLANTED, cursor: PLANTED },
    ]) {
      answers.push(
        (
          await house.ask('operator', {
            method: 'POST',
            url: '/v1/accounts/acme/history/search',
            payload: body,
          })
        ).body,
      );
    }
    // The views take it in, and so does whatever they log.
    await house.tell([
      {
        type: 'call.initiated',
        communicationId: 'last',
        eventId: 'last',
        accountId: 'acme',
        occurredAt: ago(1),
        callerNumber: PLANTED,
      },
    ]);
    const list = await house.ask('operator', {
      method: 'GET',
      url: '/v1/communications?limit=100',
    });
    expect([list.statusCode, lastFault(house.logged())]).toEqual([200, '']);
    const { items }: { items: { id: string }[] } = list.json();
    for (const { id } of items)
      answers.push(
        (await house.ask('operator', { method: 'GET', url: `/v1/communications/${id}/timeline` }))
          .body,
      );
    expect(items.length).toBeGreaterThan(0);

    expect(house.logged()).toContain('"route":"/v1/events"');
    expect(found(house.logged(), 'logs')).toEqual([]);
    expect(found(await house.metrics.metrics(), 'metrics')).toEqual([]);
    expect(found(answers.join('\n'), 'answers')).toEqual([]);
  });

  it('would be seen if it were there: an opened record has it', async () => {
    const [told] = await house.tell([
      {
        type: 'call.initiated',
        communicationId: 'seen',
        eventId: 'seen',
        accountId: 'acme',
        occurredAt: ago(1),
        callerNumber: PLANTED,
      },
    ]);
    const opened = await house.ask('operator', {
      method: 'POST',
      url: `/v1/communications/${told?.communicationId ?? ''}/open`,
      payload: { purpose: 'fault_finding' },
    });
    expect(found(opened.body, 'opened')).not.toEqual([]);
  });
});

/** The last log line of a request that failed by a fault of ours. */
function lastFault(logged: string): string {
  const faults = logged.split('\n').filter((line) => line.includes('request failed'));
  return faults.at(-1) ?? '';
}

/** The digits in a row, broken up, or in hex or base64, with some of what stands around them. */
function found(text: string, where: string): string[] {
  const spaced = [...DIGITS].join('[ ().-]?');
  const forms = [
    spaced,
    Buffer.from(DIGITS).toString('hex'),
    Buffer.from(DIGITS).toString('base64').slice(0, 16),
    Buffer.from(PLANTED).toString('base64').slice(0, 16),
  ];
  return forms.flatMap((form) => {
    const at = text.search(new RegExp(form));
    return at < 0 ? [] : [`${where}: ${text.slice(Math.max(0, at - 120), at + 60)}`];
  });
}
