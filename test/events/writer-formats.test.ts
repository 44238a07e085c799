import avsc from 'avsc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EventsError,
  createRegistryClient,
  createWireDecoder,
  decodeFingerprinted,
  loadSchemas,
} from '#events';
import type { RegistrySettings } from '#events';
import { createLogger } from '#platform';
import { startRegistry } from '#test/support/registry.ts';
import type { TestRegistry } from '#test/support/registry.ts';
import { fingerprintText, schemaFingerprint } from '../../services/events/fingerprint.ts';
import { eventSchema } from './arbitraries.ts';

const schemas = await loadSchemas();
const { avro } = await eventSchema('call.ended');
const type = avsc.Type.forSchema(avro as avsc.Schema);

const values = {
  ...schemas.plan('call.ended').blank(),
  occurredAt: 1_795_359_600_123_456,
  communicationId: 'c-1',
  accountId: 'acme',
  disposition: 'answered',
  durationSeconds: 61,
};
const body = type.toBuffer(values);

const wire = (id: number, bytes: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, bytes]);
};

let registry: TestRegistry;
const lines: { msg: string; why?: string }[] = [];
const logger = createLogger({
  level: 'info',
  name: 'test',
  destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
});

beforeAll(async () => {
  registry = await startRegistry({
    credentials: { user: 'tollbook', password: 'open sesame' },
    firstId: 70_000,
  });
});
afterAll(() => registry[Symbol.asyncDispose]());

function client(more: Partial<RegistrySettings> = {}) {
  return createRegistryClient({
    url: registry.url,
    credentials: { user: 'tollbook', password: 'open sesame' },
    unknownForMs: 600,
    timeoutMs: 300,
    logger,
    ...more,
  });
}

describe('the registry wire format', () => {
  it('decodes by the schema of its id, fetched once', async () => {
    const id = registry.register('calls-value', avro);
    const decoder = createWireDecoder({ schemas, registry: client() });
    const record = wire(id, body);
    expect(decoder.schemaId(record)).toBe(id);
    expect(decoder.knows(id)).toBe(false);
    await Promise.all([decoder.learn(id), decoder.learn(id), decoder.learn(id)]);
    await decoder.learn(id);
    expect(decoder.knows(id)).toBe(true);
    expect(decoder.decode(record).values).toEqual(values);
    expect(registry.requests.get(`GET /schemas/ids/${id}`)).toBe(1);
  });

  it('reads ids over the whole of four bytes', () => {
    const decoder = createWireDecoder({ schemas, registry: client() });
    for (const id of [0, 1, 65_536, 2 ** 31, 2 ** 32 - 1]) {
      expect(decoder.schemaId(wire(id, body))).toBe(id);
    }
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['too short', Buffer.from([0, 0, 0, 1])],
    ['JSON', Buffer.from('{"type":"call.ended"}')],
  ])('is told from what it is not: %s', (_what, bytes) => {
    const decoder = createWireDecoder({ schemas, registry: client() });
    expect(() => decoder.decode(bytes)).toThrow(
      expect.objectContaining({ code: 'not_wire_format' }),
    );
  });

  it('refuses a body that does not end exactly at its end', async () => {
    const id = registry.register('calls-value', avro);
    const decoder = createWireDecoder({ schemas, registry: client() });
    await decoder.learn(id);
    for (const bytes of [body.subarray(0, -1), Buffer.concat([body, Buffer.from([0])])]) {
      expect(() => decoder.decode(wire(id, bytes))).toThrow(
        expect.objectContaining({ code: 'undecodable' }),
      );
    }
  });

  it('takes any Uint8Array, not Buffers alone', async () => {
    const id = registry.register('calls-value', avro);
    const decoder = createWireDecoder({ schemas, registry: client() });
    await decoder.learn(id);
    const padded = new Uint8Array([9, 9, ...wire(id, body), 9]);
    expect(decoder.decode(padded.subarray(2, -1)).values).toEqual(values);
  });

  it('refuses numbers beyond 2^53 where it must read them, and passes over them where not', () => {
    const long = (name: string) => ({ name, type: 'long' });
    const required = [long('occurredAt'), { name: 'communicationId', type: 'string' }];
    const name = 'tollbook.call.ended';
    const huge = Buffer.from('80808080808080808001', 'hex');
    const rest = Buffer.concat([Buffer.from([2]), Buffer.from([2]), Buffer.from('c')]);
    const reader = (first: string) =>
      schemas.readerFor({ type: 'record', name, fields: [long(first), ...required] });
    expect(reader('somethingElse').decode(Buffer.concat([huge, rest]))).toMatchObject({
      occurredAt: 1,
    });
    expect(() => reader('packetsLost').decode(Buffer.concat([huge, rest]))).toThrow(
      expect.objectContaining({ code: 'undecodable', message: expect.stringContaining('2^53') }),
    );
  });

  it('refuses a value outside its closed set, by the name of the field', () => {
    const bytes = type.toBuffer({ ...values, hangupParty: 'neighbour' });
    expect(() => schemas.readerFor(avro).decode(bytes)).toThrow(
      expect.objectContaining({
        code: 'invalid_event',
        problems: [{ field: 'hangupParty', problem: 'must be one of caller, callee, switch' }],
        message: expect.not.stringContaining('neighbour'),
      }),
    );
  });
});

describe("a writer's schema", () => {
  it.each([
    [
      'is no record of ours',
      { type: 'record', name: 'com.example.Call', fields: [] },
      'unknown_type',
    ],
    [
      'names a type nobody knows',
      { type: 'record', name: 'tollbook.call.sung', fields: [] },
      'unknown_type',
    ],
    [
      'lacks what is required',
      { type: 'record', name: 'tollbook.call.ended', fields: [] },
      'bad_schema',
    ],
    ['is no Avro', { type: 'recrod', name: 'tollbook.call.ended', fields: [] }, 'bad_schema'],
    ['is no JSON', 'hello', 'bad_schema'],
  ] as const)('is refused when it %s', (_what, schema, code) => {
    expect(() => schemas.readerFor(schema)).toThrow(expect.objectContaining({ code }));
  });
});

describe('the registry client', () => {
  it.each(['failing', 'cut', 'silent'] as const)(
    'waits out a registry that is %s, and says so',
    async (state) => {
      const id = registry.register('calls-value', avro);
      lines.length = 0;
      registry.setState(state);
      const fetched = client({ unknownForMs: 1 }).schema(id);
      const back = setTimeout(() => registry.setState('up'), 900);
      expect(JSON.parse(await fetched)).toEqual(avro);
      clearTimeout(back);
      expect(lines.map(({ msg }) => msg)).toContain('the schema registry is away: waiting');
      expect(lines.at(-1)?.msg).toBe('the schema registry answered: going on');
    },
  );

  it('waits when its credentials are refused: an operator can correct them', async () => {
    const id = registry.register('calls-value', avro);
    lines.length = 0;
    const stop = new AbortController();
    const fetched = client({ credentials: { token: 'wrong' } }).schema(id, stop.signal);
    setTimeout(() => stop.abort(new Error('stopped')), 400);
    await expect(fetched).rejects.toThrow('stopped');
    expect(lines[0]?.why).toContain('refuses our credentials (HTTP 401)');
  });

  it('gives up on an id that the registry does not know, after a while', async () => {
    const started = performance.now();
    await expect(client().schema(4_000_000)).rejects.toMatchObject({
      code: 'unknown_schema',
      message: expect.stringContaining('4000000'),
    });
    expect(performance.now() - started).toBeGreaterThan(200);
    expect(registry.requests.get('GET /schemas/ids/4000000')).toBeGreaterThan(1);
  });

  it('finds an id that was registered while it asked', async () => {
    const next = registry.register('later-a', { ...avro, doc: 'a' }) + 1;
    const fetched = client({ unknownForMs: 5000 }).schema(next);
    setTimeout(() => registry.register('later-b', { ...avro, doc: 'b' }), 250);
    expect(JSON.parse(await fetched)).toMatchObject({ doc: 'b' });
  });

  it.each([
    [{ schema: '{}', schemaType: 'PROTOBUF' }, 'not Avro'],
    [{ schema: '{}', references: [{ name: 'x', subject: 'x', version: 1 }] }, 'other subjects'],
  ])('refuses what it cannot use: %j', async (answer, why) => {
    const answering = () => Promise.resolve(Response.json(answer));
    await expect(client({ fetch: answering }).schema(1)).rejects.toMatchObject({
      code: 'bad_schema',
      message: expect.stringContaining(why),
    });
  });

  it('sends the credentials it has, and none it has not', async () => {
    const seen: (string | null)[] = [];
    const recording: typeof fetch = (_url, init) => {
      seen.push(new Headers(init?.headers).get('authorization'));
      return Promise.resolve(Response.json({ schema: '"string"' }));
    };
    await client({ fetch: recording }).schema(1);
    await client({ fetch: recording, credentials: { token: 'abc' } }).schema(1);
    await client({ fetch: recording, credentials: undefined }).schema(1);
    const basic = Buffer.from('tollbook:open sesame').toString('base64');
    expect(seen).toEqual([`Basic ${basic}`, 'Bearer abc', null]);
  });

  it('does not ask again for an id that just failed, so that a run of records goes on', async () => {
    const decoder = createWireDecoder({ schemas, registry: client({ unknownForMs: 1 }) });
    await expect(decoder.learn(4_000_001)).rejects.toThrow(EventsError);
    const asked = registry.requests.get('GET /schemas/ids/4000001');
    await expect(decoder.learn(4_000_001)).rejects.toThrow(EventsError);
    expect(registry.requests.get('GET /schemas/ids/4000001')).toBe(asked);
  });
});

describe('plain Avro with a fingerprint header', () => {
  const fingerprint = schemaFingerprint(avro);

  it.each([
    ['8 bytes, little-endian', fingerprint],
    ['16 hex digits', Buffer.from(fingerprintText(fingerprint))],
    ['16 upper-case hex digits', Buffer.from(fingerprintText(fingerprint).toUpperCase())],
  ])('decodes by the schema it names: %s', (_how, header) => {
    expect(decodeFingerprinted(schemas, header, body).values).toEqual(values);
  });

  it.each([
    ['no schema of ours', Buffer.alloc(8, 1)],
    ['no fingerprint', Buffer.from('call.ended')],
  ])('is refused when the header holds %s', (_what, header) => {
    expect(() => decodeFingerprinted(schemas, header, body)).toThrow(
      expect.objectContaining({ code: 'unknown_schema' }),
    );
  });
});
