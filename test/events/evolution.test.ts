import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avsc from 'avsc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeStored, encodeEnvelope, loadSchemas } from '#events';
import type { EventValues, Schemas } from '#events';
import { checkSchemas, releaseSchemas } from '../../services/events/check-schemas.ts';
import { avscType, commonHeader, fact, party } from './schema-text.ts';
import { hex } from './arbitraries.ts';

const type = 'fax.sent';
const vocabulary = {
  [type]: { kind: 'ledger', by: 'switch', leg: true, repeating: false },
} as const;

const versions = [
  avscType(type, [
    ...commonHeader(),
    fact('pages', ['null', 'int']),
    fact('route', ['null', 'string']),
    party('callerNumber', 'caller', 'traffic', { 'tollbook.identifier': 'number' }),
  ]),
  // Wider, and with more of both.
  avscType(type, [
    ...commonHeader(),
    fact('resolution', ['null', 'string']),
    fact('pages', ['null', 'long']),
    fact('route', ['null', 'string']),
    party('callerName', 'caller', 'traffic'),
    party('callerNumber', 'caller', 'traffic', { 'tollbook.identifier': 'number' }),
  ]),
  // A field with a better name, one with a default, and a box that was not there before.
  avscType(type, [
    ...commonHeader(),
    fact('sheets', ['null', 'long'], { aliases: ['pages'] }),
    fact('resolution', ['null', 'string']),
    { name: 'attempts', type: 'int', default: 1, doc: 'How often it was tried.' },
    fact('route', ['null', 'string']),
    party('callerName', 'caller', 'traffic'),
    party('callerNumber', 'caller', 'traffic', { 'tollbook.identifier': 'number' }),
    party('pageText', 'all', 'content'),
  ]),
];

const header = {
  eventId: Buffer.alloc(16, 1),
  communicationId: Buffer.alloc(16, 2),
  source: 'carrier-1',
  occurredAt: 1_795_359_600_000_000,
  accountId: 'acme',
};

/** What each version's tollbook journaled, oldest first. */
const stored: { facts: Uint8Array; fingerprint: Uint8Array; box: Uint8Array | undefined }[] = [];
let directory: string;
let schemas: Schemas;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbook-evolution-'));
  for (const [index, version] of versions.entries()) {
    await writeFile(join(directory, `${type}.avsc`), JSON.stringify(version));
    await releaseSchemas({ directory, vocabulary });
    schemas = await loadSchemas({ directory, vocabulary });
    const plan = schemas.plan(type);
    const values: EventValues = {
      ...plan.blank(),
      route: `route-${index + 1}`,
      callerNumber: '+447700900123',
      [index === 2 ? 'sheets' : 'pages']: 10 + index,
    };
    const box = plan.boxes.find(({ party: whose }) => whose === 'caller');
    stored.push({
      facts: Buffer.from(plan.encodeFacts(header, values)),
      fingerprint: plan.fingerprint,
      box: box && plan.encodeBox(box, values),
    });
  }
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('versions 1 to 3 mixed in one log', () => {
  it('are told apart by their fingerprints', () => {
    expect(new Set(stored.map(({ fingerprint }) => hex(fingerprint))).size).toBe(3);
  });

  it.each([0, 1, 2, 1, 0])(
    'read in the newest form, whichever wrote it: version index %i',
    (index) => {
      const one = stored[index];
      if (one === undefined) throw new Error('not stored');
      const meta = encodeEnvelope({
        coordinate: { offset: index, index: 0, last: true },
        fingerprint: one.fingerprint,
        domain: { controller: 'operator', retentionClass: 'cpaas-eu' },
        month: 682,
        groups: [],
      });
      const place = { log: 't/calls/1/0', position: index + 1, recordedAt: 0 };
      const event = decodeStored(schemas, { ...place, type, data: one.facts, meta });
      expect(event.facts).toEqual({
        eventId: '01'.repeat(16),
        communicationId: '02'.repeat(16),
        alsoCommunicationId: null,
        source: 'carrier-1',
        switch: null,
        sourceSequence: null,
        occurredAt: header.occurredAt,
        observedAt: null,
        legId: null,
        accountId: 'acme',
        sheets: 10 + index,
        resolution: null,
        attempts: 1,
        route: `route-${index + 1}`,
      });
      expect(
        schemas.decodeBox(type, one.fingerprint, 'caller', 'traffic', one.box ?? header.eventId),
      ).toEqual({
        callerNumber: '+447700900123',
      });
    },
  );

  it('are a clear refusal when the version was never released', () => {
    expect(() => schemas.decodeFacts(type, Buffer.alloc(8, 9), Buffer.alloc(0))).toThrow(
      expect.objectContaining({ code: 'unknown_schema', message: expect.stringContaining('0909') }),
    );
  });
});

describe("a writer's schema of any version", () => {
  it.each([0, 1, 2])(
    'is read by what it wrote, by registry text and by fingerprint: %i',
    (index) => {
      const schema = versions[index];
      const writer = avsc.Type.forSchema(schema as avsc.Schema);
      const counted = index === 2 ? 'sheets' : 'pages';
      const bytes = writer.toBuffer({
        eventId: 'e',
        source: null,
        sourceSequence: null,
        occurredAt: 5,
        observedAt: null,
        communicationId: 'c',
        legId: null,
        accountId: null,
        retentionClass: null,
        [counted]: 3,
        route: 'r',
        resolution: null,
        attempts: 4,
        pageText: null,
        callerName: null,
        callerNumber: '+447700900123',
      });
      const reader = schemas.readerFor(JSON.stringify(schema));
      expect(reader.decode(bytes)).toMatchObject({
        sheets: 3,
        route: 'r',
        attempts: index === 2 ? 4 : 1,
        callerNumber: '+447700900123',
      });
      expect(schemas.readerFor(JSON.stringify(schema))).toBe(reader);
    },
  );
});

describe('the check of the schemas', () => {
  it('lets all of this pass', async () => {
    const result = await checkSchemas({ directory, vocabulary });
    expect(result).toEqual({ types: 1, versions: 3, problems: [] });
  });

  it('keeps the released versions as they were: one line each, only ever added', async () => {
    const lines = (await readFile(join(directory, 'released', `${type}.ndjson`), 'utf8')).split(
      '\n',
    );
    expect(lines.map((line) => (line === '' ? '' : JSON.parse(line).version))).toEqual([
      1,
      2,
      3,
      '',
    ]);
  });
});
