import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngestError } from '#ingest';
import { JournalError } from '#journal';
import { VaultError } from '#vault';
import { ApiError } from '#api';
import { PROBLEMS, problemOf } from '../../services/api/problem.ts';
import { openHouse } from './support/house.ts';
import type { House } from './support/house.ts';
import { UNKNOWN } from './support/samples.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

const get = (url: string) => house.ask('operator', { method: 'GET', url });
const post = (url: string, payload: object | string, type = 'application/json') =>
  house.ask('operator', { method: 'POST', url, payload, headers: { 'content-type': type } });
const SEARCH = '/v1/accounts/acme/history/search';

describe('a problem', () => {
  it('has the form of RFC 9457 and names the request', async () => {
    const answer = await get('/v1/nowhere');
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({
      type: 'urn:tollbook:problem:not_found',
      title: 'Not found',
      status: 404,
      code: 'not_found',
      requestId: answer.headers['x-request-id'],
    });
  });

  it.each<[string, () => ReturnType<typeof get>, number, string]>([
    [
      'bad_request for an unknown query parameter',
      () => get(`/v1/communications?number=${encodeURIComponent(UNKNOWN)}`),
      400,
      'bad_request',
    ],
    [
      'bad_request for a limit out of range',
      () => get('/v1/communications?limit=5000'),
      400,
      'bad_request',
    ],
    ['bad_request for an id that is none', () => get('/v1/communications/12'), 400, 'bad_request'],
    [
      'bad_request for an empty interval',
      () => get('/v1/communications?from=2026-11-02&to=2026-11-01'),
      400,
      'bad_request',
    ],
    [
      'bad_request for a body that is no JSON',
      () => post(SEARCH, `{"number":"${UNKNOWN}"`),
      400,
      'bad_request',
    ],
    [
      'bad_request for an unknown grouping',
      () => get('/v1/usage?groupBy=number'),
      400,
      'bad_request',
    ],
    [
      'bad_number for words',
      () => post(SEARCH, { number: '   ', purpose: 'fault_finding' }),
      400,
      'bad_number',
    ],
    ['purpose_required', () => post(SEARCH, { number: UNKNOWN }), 400, 'purpose_required'],
    ['bad_cursor', () => get('/v1/usage/feed?cursor=AAAA'), 400, 'bad_cursor'],
    [
      'not_found',
      () => get('/v1/quarantine/00000000-0000-5000-8000-000000000000'),
      404,
      'not_found',
    ],
    [
      'unsupported_media_type',
      () => post(SEARCH, '<number/>', 'application/xml'),
      415,
      'unsupported_media_type',
    ],
    [
      'too_large',
      () => post(SEARCH, JSON.stringify({ number: '1'.repeat(1_100_000) })),
      413,
      'too_large',
    ],
  ])('is %s', async (_, ask, status, code) => {
    const answer = await ask();
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(answer.body).not.toContain(UNKNOWN.slice(1));
  });

  it('says 503 with Retry-After while the database is away', async () => {
    const query = house.ledger.pool.query;
    house.ledger.pool.query = () => {
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    };
    try {
      const answer = await get('/v1/communications');
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBe('2');
      expect(answer.json().code).toBe('unavailable');
      expect((await house.api.inject('/readyz')).statusCode).toBe(503);
      expect((await house.api.inject('/livez')).statusCode).toBe(200);
    } finally {
      house.ledger.pool.query = query;
    }
  });

  it('tells nothing of a fault of the ledger but its request id', async () => {
    const { problem } = problemOf(new TypeError(`cannot read ${UNKNOWN}`), 'r-1');
    expect(problem).toMatchObject({ status: 500, code: 'internal', requestId: 'r-1' });
    expect(JSON.stringify(problem)).not.toContain(UNKNOWN.slice(1));
  });

  it.each([
    [new JournalError('full', 'no room'), 507, 'store_full'],
    [new JournalError('unavailable', 'away'), 503, 'unavailable'],
    [new JournalError('corrupt', 'broken'), 500, 'internal'],
    [new VaultError('unavailable', 'away'), 503, 'unavailable'],
    [new VaultError('tampered', 'broken'), 500, 'internal'],
    [new IngestError('overloaded', 'wait'), 429, 'too_busy'],
    [new IngestError('quarantine_expired', 'gone'), 410, 'expired'],
    [new ApiError('token_file', 'closed'), 500, 'token_file'],
    [new ApiError('bad_token_request', 'no'), 400, 'bad_token_request'],
  ])('maps %s', (error, status, code) => {
    expect(problemOf(error, 'r').problem).toMatchObject({ status, code });
  });

  it('has a title and a status for every code', () => {
    for (const { status, title } of Object.values(PROBLEMS)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(title).not.toBe('');
    }
  });
});

describe('every answer', () => {
  it('forbids frames, foreign scripts, sniffing and caching', async () => {
    for (const url of ['/', '/docs', '/livez', '/v1/nowhere']) {
      const { headers } = await house.api.inject(url);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['cache-control']).toMatch(/no-store|no-cache/);
    }
  });

  it('comes from an API that describes itself in OpenAPI 3.1, each route with its problems', async () => {
    const document = (await house.api.inject('/v1/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    for (const [path, methods] of Object.entries<
      Record<string, { responses: object; summary?: string }>
    >(document.paths)) {
      for (const route of Object.values(methods)) {
        expect([path, Object.keys(route.responses)]).toEqual([
          path,
          expect.arrayContaining(['4XX', '5XX']),
        ]);
        expect(route.summary).toBeTruthy();
      }
    }
  });

  it('of the pages loads nothing from elsewhere', async () => {
    for (const url of ['/', '/docs', '/assets/console.css', '/assets/docs.js']) {
      expect(
        (await house.api.inject(url)).body.replaceAll('http://www.w3.org/2000/svg', ''),
      ).not.toMatch(/https?:\/\//);
    }
  });
});
