import { describe, expect, it } from 'vitest';
import { startRegistry, type TestRegistry } from './registry.ts';

const first = { type: 'record', name: 'Ping', fields: [{ name: 'at', type: 'long' }] };
const wider = {
  ...first,
  fields: [...first.fields, { name: 'note', type: ['null', 'string'], default: null }],
};
const broken = { ...first, fields: [...first.fields, { name: 'must', type: 'string' }] };

describe('the schema registry of the tests', () => {
  it('gives one id to one schema and answers with its text', async () => {
    await using registry = await startRegistry({ firstId: 40 });
    const id = await post(registry, '/subjects/ping-value/versions', { schema: json(first) });
    expect(id).toEqual({ status: 200, body: { id: 40 } });
    expect(await post(registry, '/subjects/other/versions', { schema: json(first) })).toEqual(id);
    expect((await get(registry, '/schemas/ids/40')).body).toEqual({ schema: json(first) });
    expect((await get(registry, '/schemas/ids/41')).body).toMatchObject({ error_code: 40403 });
  });

  it('refuses a version that cannot read the one before', async () => {
    await using registry = await startRegistry();
    registry.register('ping-value', first);
    const path = '/compatibility/subjects/ping-value/versions/latest';
    const check = async (schema: object): Promise<unknown> =>
      (await post(registry, path, { schema: json(schema) })).body;
    expect(await check(wider)).toEqual({ is_compatible: true });
    expect(await check(broken)).toEqual({ is_compatible: false });
    const refused = await post(registry, '/subjects/ping-value/versions', { schema: json(broken) });
    expect(refused.status).toBe(409);
    await post(registry, '/subjects/ping-value/versions', { schema: json(wider) });
    const latest = await get(registry, '/subjects/ping-value/versions/latest');
    expect(latest.body).toEqual({ subject: 'ping-value', id: 2, version: 2, schema: json(wider) });
  });

  it('asks for credentials where it has some', async () => {
    await using registry = await startRegistry({ credentials: { user: 'a', password: 'b' } });
    expect((await get(registry, '/subjects')).status).toBe(401);
    const authorization = `Basic ${Buffer.from('a:b').toString('base64')}`;
    expect((await get(registry, '/subjects', { authorization })).status).toBe(200);
  });

  it('fails in each way a registry can, and comes back', async () => {
    await using registry = await startRegistry();
    registry.setState('failing');
    expect((await get(registry, '/subjects')).status).toBe(503);
    registry.setState('cut');
    await expect(get(registry, '/subjects')).rejects.toThrow();
    registry.setState('silent');
    const patience = AbortSignal.timeout(100);
    await expect(fetch(`${registry.url}/subjects`, { signal: patience })).rejects.toThrow();
    registry.setState('up');
    expect((await get(registry, '/subjects')).body).toEqual([]);
    expect(registry.requests.get('GET /subjects')).toBeGreaterThanOrEqual(4);
  });
});

const json = (value: object): string => JSON.stringify(value);

async function get(
  registry: TestRegistry,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(registry.url + path, { headers });
  return { status: response.status, body: await response.json() };
}

async function post(
  registry: TestRegistry,
  path: string,
  body: object,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(registry.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: json(body),
  });
  return { status: response.status, body: await response.json() };
}
