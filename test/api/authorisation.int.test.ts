import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHouse } from './support/house.ts';
import type { House } from './support/house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

const ID = '00000000-0000-5000-8000-000000000000';
const ROLES = ['operator', 'agent', 'account', 'auditor', 'switch'] as const;

/** Every route with the roles it is for; a route that is missing here fails the last test. */
const MATRIX: readonly [
  method: 'GET' | 'POST',
  url: string,
  allowed: readonly (typeof ROLES)[number][],
  payload?: object,
][] = [
  ['GET', '/v1/communications', ['operator', 'agent', 'account', 'auditor']],
  ['GET', `/v1/communications/${ID}`, ['operator', 'agent', 'account', 'auditor']],
  ['GET', `/v1/communications/${ID}/timeline`, ['operator', 'agent', 'account', 'auditor']],
  [
    'POST',
    `/v1/communications/${ID}/open`,
    ['operator', 'agent', 'account'],
    { purpose: 'billing_dispute' },
  ],
  ['GET', '/v1/accounts/acme/history?purpose=billing_dispute', ['operator', 'agent', 'account']],
  [
    'POST',
    '/v1/accounts/acme/history/search',
    ['operator', 'agent', 'account'],
    { purpose: 'billing_dispute' },
  ],
  ['GET', '/v1/usage', ['operator', 'agent', 'account', 'auditor']],
  ['GET', '/v1/usage/feed', ['operator', 'auditor']],
  ['GET', '/v1/quarantine', ['operator', 'auditor']],
  ['GET', `/v1/quarantine/${ID}`, ['operator', 'auditor']],
  ['POST', `/v1/quarantine/${ID}/open`, ['operator'], { purpose: 'fault_finding' }],
  ['POST', `/v1/quarantine/${ID}/replay`, ['operator'], {}],
  ['GET', '/v1/status', ['operator', 'agent', 'auditor']],
  ['GET', '/metrics', ['operator', 'auditor']],
  ['POST', '/v1/events', ['operator', 'switch'], []],
  ['POST', '/v1/intake/freeswitch', ['operator', 'switch'], {}],
];
/** Its answer never ends; test/api/stream.int.test.ts looks at it. */
const LIVE = 'GET /v1/stream';
const PUBLIC = [
  '/livez',
  '/readyz',
  '/v1/openapi.json',
  '/',
  '/docs',
  '/assets/console.js',
  '/assets/console.css',
];

describe('authorisation', () => {
  it.each(MATRIX)('%s %s is for %j and nobody else', async (method, url, allowed, payload) => {
    for (const role of ROLES) {
      const answer = await house.ask(role, {
        method,
        url,
        ...(payload === undefined ? {} : { payload }),
      });
      // Past the door: what is asked for need not exist, and a purpose may be another role's.
      const stopped = answer.statusCode === 403 && answer.json().detail.includes('may not do this');
      expect([role, stopped]).toEqual([role, !allowed.includes(role)]);
    }
    const without = await house.ask('nobody', {
      method,
      url,
      ...(payload === undefined ? {} : { payload }),
    });
    expect(without.statusCode).toBe(401);
    expect(without.headers['www-authenticate']).toContain('Bearer');
  });

  it.each(PUBLIC)('%s needs no token', async (url) => {
    expect((await house.ask('nobody', { method: 'GET', url })).statusCode).toBe(200);
  });

  it('has every route of the API in its matrix', async () => {
    const { paths }: { paths: Record<string, Record<string, unknown>> } = (
      await house.ask('nobody', { method: 'GET', url: '/v1/openapi.json' })
    ).json();
    const known = new Set([
      ...MATRIX.map(
        ([method, url]) =>
          `${method} ${url.replace(/\?.*/, '').replace(ID, '{id}').replace('acme', '{id}')}`,
      ),
      ...PUBLIC.map((url) => `GET ${url}`),
      LIVE,
    ]);
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.filter((route) => !known.has(route))).toEqual([]);
    expect(routes.length).toBeGreaterThan(15);
  });

  it.each([
    ['nothing', undefined],
    ['another scheme', 'Basic b3duZXI6b3duZXI='],
    ['an unknown token', `Bearer tb_${'A'.repeat(43)}`],
    ['a token that is no token', 'Bearer owner'],
    ['a JWT where no issuer is configured', 'Bearer eyJhbGciOiJub25lIn0.e30.'],
  ])('refuses %s with 401', async (_, authorization) => {
    const answer = await house.api.inject({
      method: 'GET',
      url: '/v1/status',
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.json().code).toBe('unauthenticated');
  });
});
