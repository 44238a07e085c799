import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Intake } from '#ingest';
import { IngestError } from '#ingest';
import { createLogger, createMetrics } from '#platform';
import { createServer } from '../../services/api/server.ts';
import { intakeRoutes } from '../../services/api/routes/intake.ts';
import { channel } from './support/freeswitch.ts';
import type { TestLedger } from './support/ledger.ts';
import { testLedger } from './support/ledger.ts';
import { ended, initiated, json } from './support/samples.ts';

const logger = createLogger({ level: 'silent', name: 'test' });

async function front(intake: Intake) {
  const app = await createServer({
    authenticate: async () => ({ actor: 'token-1', role: 'switch', source: 'edge-1' }),
    logger,
    metrics: createMetrics('test'),
    routes: [intakeRoutes({ intake })],
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, url };
}

async function served(
  work: (url: string, ledger: TestLedger, intake: Intake) => Promise<void>,
): Promise<void> {
  // 2026-11-15T12:00Z, near the records of `channel`.
  await using ledger = await testLedger();
  const intake = await ledger.ingest.openIntake('api-1');
  const { app, url } = await front(intake);
  try {
    await work(url, ledger, intake);
  } finally {
    await app.close();
    await intake.close();
  }
}

function post(
  url: string,
  body: Buffer | string | ReadableStream,
  headers: Record<string, string> = {},
) {
  const payload =
    typeof body === 'string' || body instanceof ReadableStream ? body : new Uint8Array(body);
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: payload,
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  });
}

const ndjson = { 'content-type': 'application/x-ndjson' };

async function linesOf(response: Response): Promise<Record<string, unknown>[]> {
  const text = await response.text();
  return text
    .trim()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
}

describe('POST /v1/events', () => {
  test('answers one event with its ids when it is durable', async () => {
    await served(async (url, ledger) => {
      const response = await post(`${url}/v1/events`, json(initiated()));
      expect(response.status).toBe(200);
      const body: unknown = await response.json();
      const [event] = await ledger.events('i/api-1');
      const hex = event?.facts.communicationId ?? '';
      expect(body).toMatchObject({ durable: 1, quarantined: [] });
      expect(JSON.stringify(body).replaceAll('-', '')).toContain(hex);
    });
  });

  test('takes an array, gzip too, and tells which records went to quarantine', async () => {
    await served(async (url, ledger) => {
      const body = JSON.stringify([initiated(), { type: 'call.nothing' }, ended()]);
      const response = await post(`${url}/v1/events`, gzipSync(body), {
        'content-encoding': 'gzip',
      });
      expect(await response.json()).toMatchObject({
        durable: 3,
        events: [{}, {}],
        quarantined: [{ record: 1, reason: 'unknown_type' }],
      });
      expect((await ledger.events('i/api-1')).map(({ type }) => type)).toEqual([
        'call.initiated',
        'record.quarantined',
        'call.ended',
      ]);
    });
  });

  test('a body that is no JSON is kept in quarantine, not refused', async () => {
    await served(async (url, ledger) => {
      const response = await post(`${url}/v1/events`, '[{"callerNumber":"+447700900123",');
      expect(await response.json()).toMatchObject({
        durable: 1,
        quarantined: [{ record: 0, reason: 'undecodable' }],
      });
      expect((await ledger.dump()).includes('447700900123')).toBe(false);
    });
  });

  test('takes an NDJSON stream longer than memory would like and tells its durable line at the end', async () => {
    await served(async (url, ledger) => {
      const count = 12_000;
      let sent = 0;
      const body = new ReadableStream({
        pull(controller) {
          if (sent === count) {
            controller.close();
            return;
          }
          const lines = Array.from({ length: 500 }, () => {
            sent += 1;
            return `${JSON.stringify(initiated({ eventId: `s${sent}`, communicationId: `k${sent}` }))}\n`;
          });
          controller.enqueue(new TextEncoder().encode(lines.join('')));
        },
      });
      const response = await post(`${url}/v1/events`, body, ndjson);
      const lines = await linesOf(response);
      expect(lines.at(-1)).toEqual({ durable: count, events: count, quarantined: 0, done: true });
      const durable = lines.map((line) => Number(line['durable']));
      expect(durable).toEqual(durable.toSorted((a, b) => a - b));
      expect(await ledger.events('i/api-1')).toHaveLength(count);
    });
  });

  test('a cut stream goes on from its last durable line, and what is sent twice has the same ids', async () => {
    await served(async (url, ledger) => {
      const events = [1, 2, 3].map((n) =>
        initiated({ eventId: undefined, communicationId: `k${n}` }),
      );
      await linesOf(
        await post(`${url}/v1/events?stream=day-1`, json(...events.slice(0, 2)), ndjson),
      );
      const again = await linesOf(
        await post(`${url}/v1/events?stream=day-1&from=1`, json(...events.slice(1)), ndjson),
      );
      expect(again.at(-1)).toMatchObject({ durable: 3, done: true });
      const ids = (await ledger.events('i/api-1')).map(({ facts }) => facts.eventId);
      expect(ids).toHaveLength(4);
      expect(ids[2]).toBe(ids[1]);
      expect(new Set(ids).size).toBe(3);
    });
  });

  test('blank lines count as lines and are nothing else; a line that is too long goes to quarantine', async () => {
    await served(async (url, ledger) => {
      const long = JSON.stringify(initiated({ route: 'x'.repeat(300_000) }));
      const body = `${JSON.stringify(initiated())}\r\n\r\n${long}\n${JSON.stringify(ended())}`;
      const lines = await linesOf(await post(`${url}/v1/events`, body, ndjson));
      expect(lines.at(-1)).toEqual({ durable: 4, events: 2, quarantined: 1, done: true });
      expect(
        (await ledger.events('i/api-1')).map(({ facts }) => facts['reason'] ?? 'stored'),
      ).toEqual(['stored', 'oversized', 'stored']);
    });
  });

  test('refuses an encoding it does not know, a cut gzip and a document beyond its size', async () => {
    await served(async (url) => {
      const brotli = await post(`${url}/v1/events`, 'x', { 'content-encoding': 'br' });
      expect(brotli.status).toBe(415);
      const cut = await post(`${url}/v1/events`, gzipSync('[]').subarray(0, 12), {
        'content-encoding': 'gzip',
      });
      expect(cut.status).toBe(400);
      const large = await post(`${url}/v1/events`, Buffer.alloc(17 * 1024 * 1024, 32));
      expect(large.status).toBe(413);
    });
  });

  test.each([
    ['overloaded', 429],
    ['store_away', 503],
    ['stopped', 503],
  ] as const)('says %s with %i and when to come again', async (code, status) => {
    await served(async (_url, _ledger, intake) => {
      const { app, url } = await front({
        ...intake,
        admit: () => {
          throw new IngestError(code, 'come again');
        },
      });
      for (const headers of [{}, ndjson]) {
        const response = await post(`${url}/v1/events`, json(initiated()), headers);
        expect(response.status).toBe(status);
        expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      await app.close();
    });
  });
});

describe('POST /v1/intake/freeswitch', () => {
  test.each([
    ['application/json', (text: string) => text],
    ['application/x-www-form-urlencoded', (text: string) => `cdr=${encodeURIComponent(text)}`],
    [
      'application/x-www-form-base64-encoded',
      (text: string) => `cdr=${Buffer.from(text).toString('base64')}`,
    ],
  ])('takes a record as %s, and the same again with the same ids', async (type, encode) => {
    await served(async (url, ledger) => {
      const us = ledger.place.clock.now() - 3_600_000_000;
      const body = encode(
        JSON.stringify(
          channel({
            start_uepoch: String(us),
            progress_media_uepoch: String(us + 50_000),
            answer_uepoch: String(us + 1_000_000),
            end_uepoch: String(us + 4_000_000),
          }),
        ),
      );
      for (let round = 0; round < 2; round += 1) {
        const response = await post(`${url}/v1/intake/freeswitch`, body, { 'content-type': type });
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({ durable: 1, quarantined: [] });
      }
      const events = await ledger.events('i/api-1');
      expect(events).toHaveLength(8);
      expect(new Set(events.map(({ facts }) => facts.eventId)).size).toBe(4);
      expect(events[0]?.facts).toMatchObject({
        source: 'edge-1',
        switch: '5fa377c6-3ad6-4f06-aea5-8ca66c55d277',
      });
      expect((await ledger.dump()).includes('7700900123')).toBe(false);
    });
  });
});
