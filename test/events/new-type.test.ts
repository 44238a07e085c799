import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import avsc from 'avsc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createWireDecoder,
  decodeJson,
  decodeStored,
  encodeEnvelope,
  loadSchemas,
  vocabulary,
} from '#events';
import type { EventPlan, EventValues, Schemas } from '#events';
import { checkSchemas, releaseSchemas } from '../../services/events/check-schemas.ts';
import { avscType, commonHeader, fact, party } from './schema-text.ts';

const type = 'call.whispered';

/** All that it takes: one line of vocabulary and one .avsc. */
const oneLine = { [type]: { kind: 'call', by: 'switch', leg: true, repeating: true } } as const;
const oneFile = avscType(type, [
  ...commonHeader(),
  fact('loudness', ['null', 'int']),
  fact('isSecret', ['null', 'boolean']),
  fact('calleeCountry', ['null', 'string'], {
    'tollbook.computed': { from: 'calleeNumber', rule: 'country' },
  }),
  party('callerNumber', 'caller', 'traffic', { 'tollbook.identifier': 'number' }),
  party('calleeNumber', 'callee', 'traffic', { 'tollbook.identifier': 'number' }),
  party('whisper', 'all', 'content'),
  // Beyond primitives, so that nothing depends on them.
  fact('tags', ['null', { type: 'array', items: 'string' }]),
  party('heardBy', 'all', 'content', { type: ['null', { type: 'map', values: 'int' }] }),
]);

let directory: string;
let schemas: Schemas;
let plan: EventPlan;

const sent: EventValues = {
  eventId: 'e-1',
  source: 'edge-ams-1',
  sourceSequence: 5,
  occurredAt: 1_795_359_600_123_456,
  observedAt: null,
  communicationId: 'c-1',
  legId: 'a',
  accountId: 'acme',
  retentionClass: null,
  loudness: 3,
  isSecret: true,
  calleeCountry: 'ZZ',
  callerNumber: '+447700900123',
  calleeNumber: '+12025550147',
  whisper: 'psst',
  tags: ['quiet', 'late'],
  heardBy: { nobody: 0 },
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbook-new-type-'));
  await cp(fileURLToPath(new URL('../../schemas/', import.meta.url)), directory, {
    recursive: true,
  });
  await writeFile(join(directory, `${type}.avsc`), JSON.stringify(oneFile));
  schemas = await loadSchemas({ directory, vocabulary: { ...vocabulary, ...oneLine } });
  plan = schemas.plan(type);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('an event type that is one .avsc and one line of vocabulary', () => {
  it('is planned from its tags', () => {
    expect(plan.boxes).toMatchObject([
      {
        party: 'all',
        category: 'content',
        fields: ['whisper', 'heardBy'],
        identifierField: undefined,
      },
      {
        party: 'caller',
        category: 'traffic',
        fields: ['callerNumber'],
        identifierField: 'callerNumber',
      },
      { party: 'callee', category: 'traffic', fields: ['calleeNumber'] },
    ]);
    expect(plan.boxes[0]?.identifiers.map(({ field }) => field)).toEqual([
      'callerNumber',
      'calleeNumber',
    ]);
    expect(plan.computed).toEqual([
      { field: 'calleeCountry', from: 'calleeNumber', rule: 'country' },
    ]);
    expect(plan.shape).toEqual(oneLine[type]);
  });

  it('decodes from the registry wire format', async () => {
    const text = JSON.stringify(oneFile);
    const registry = { schema: () => Promise.resolve(text) };
    const decoder = createWireDecoder({ schemas, registry });
    const body = avsc.Type.forSchema(oneFile as avsc.Schema).toBuffer(sent);
    const record = Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), body]);
    await decoder.learn(decoder.schemaId(record));
    const event = decoder.decode(record);
    expect(event.plan).toBe(plan);
    expect(event.values).toEqual({ ...sent, calleeCountry: null });
  });

  it('decodes from JSON', () => {
    const { tags: _tags, heardBy: _heardBy, ...plain } = sent;
    const event = decodeJson(schemas, {
      type,
      ...plain,
      tags: { array: ['quiet'] },
      heardBy: { map: { nobody: 0 } },
    });
    expect(event.values).toEqual({ ...sent, tags: ['quiet'], calleeCountry: null });
    expect(event.unknownFields).toEqual([]);
  });

  it('splits into facts and boxes, is stored, and reads back', () => {
    const values = { ...sent, calleeCountry: 'US' };
    const header = {
      eventId: Buffer.alloc(16, 0xab),
      communicationId: Buffer.alloc(16, 0xcd),
      source: 'carrier-1',
      switch: 'edge-ams-1',
      occurredAt: 1_795_359_600_123_456,
      legId: 'a',
      accountId: 'acme',
    };
    const data = plan.encodeFacts(header, values);
    const plaintexts = plan.boxes.map((box) => ({ box, plaintext: plan.encodeBox(box, values) }));
    const clear = Buffer.from(data).toString('latin1');
    for (const personal of ['447700900123', '12025550147', 'psst', 'nobody']) {
      expect(clear).not.toContain(personal);
    }
    const meta = encodeEnvelope({
      coordinate: { offset: 1, index: 0, last: true },
      fingerprint: plan.fingerprint,
      domain: { controller: 'operator', retentionClass: 'cpaas-eu' },
      month: 682,
      groups: [],
    });
    const place = { log: 't/calls/1/0', position: 1, recordedAt: 0 };
    const event = decodeStored(schemas, { ...place, type, data, meta });
    expect(event.shape.repeating).toBe(true);
    expect(event.facts).toMatchObject({
      eventId: 'ab'.repeat(16),
      communicationId: 'cd'.repeat(16),
      loudness: 3,
      isSecret: true,
      calleeCountry: 'US',
      tags: ['quiet', 'late'],
    });
    const opened = plaintexts.map(({ box, plaintext }) =>
      schemas.decodeBox(
        type,
        plan.fingerprint,
        box.party,
        box.category,
        plaintext ?? header.eventId,
      ),
    );
    expect(opened).toEqual([
      { whisper: 'psst', heardBy: { nobody: 0 } },
      { callerNumber: '+447700900123' },
      { calleeNumber: '+12025550147' },
    ]);
  });

  it('passes the check once it is released', async () => {
    const places = { directory, vocabulary: { ...vocabulary, ...oneLine } };
    expect((await checkSchemas(places)).problems).toEqual([
      expect.stringContaining('never released'),
    ]);
    expect(await releaseSchemas(places)).toEqual([type]);
    expect((await checkSchemas(places)).problems).toEqual([]);
  });
});
