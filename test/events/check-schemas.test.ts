import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSchemas } from '#events';
import { checkSchemas, releaseSchemas } from '../../services/events/check-schemas.ts';
import { avscType, commonHeader, fact, party } from './schema-text.ts';
import type { TestField } from './schema-text.ts';

const type = 'fax.sent';
const vocabulary = {
  [type]: { kind: 'ledger', by: 'switch', leg: true, repeating: false },
} as const;
const command = fileURLToPath(new URL('../../services/events/check.ts', import.meta.url));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbook-check-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const write = (fields: readonly TestField[]) =>
  writeFile(join(directory, `${type}.avsc`), JSON.stringify(avscType(type, fields)));

const check = async () => (await checkSchemas({ directory, vocabulary })).problems;

const base = () => [
  ...commonHeader(),
  fact('pages', ['null', 'long']),
  party('callerNumber', 'caller', 'traffic', { 'tollbook.identifier': 'number' }),
];

/** The problem of one more field, on a schema that has none otherwise. */
async function problemOf(...fields: TestField[]): Promise<string> {
  await write([...base(), ...fields]);
  const problems = (await check()).filter((problem) => !problem.includes('never released'));
  return problems.join('\n');
}

describe('the schemas of this repository', () => {
  it('pass the check, released and all', async () => {
    const { problems, types, versions } = await checkSchemas();
    expect(problems).toEqual([]);
    expect(versions).toBeGreaterThanOrEqual(types);
  });
});

describe('an untagged field', () => {
  it.each([
    'number',
    'callerMsisdn',
    'customerName',
    'email',
    'ipAddress',
    'userAgent',
    'body',
    'sip_uri',
    'recordingPath',
    'cellId',
    'dialledDigits',
    'mailbox',
  ])('is refused when its name looks personal: %s', async (name) => {
    expect(await problemOf(fact(name, ['null', 'string']))).toMatch(/looks personal \(its name/);
  });

  it.each([
    '+44 7700 900123',
    '0044-7700-900123',
    '07700900123',
    '(202) 555 0147',
    'alex@example.net',
    'sip:anonymous',
    '192.0.2.17',
    '2001:db8::1:2:3',
  ])('is refused when its sample looks personal: %s', async (sample) => {
    const field = fact('route', ['null', 'string'], { 'tollbook.sample': sample });
    expect(await problemOf(field)).toMatch(/looks personal \(its sample/);
  });

  it('is refused when its doc gives an example of somebody', async () => {
    const field = fact('route', ['null', 'string'], { doc: 'Such as +44 7700 900123.' });
    expect(await problemOf(field)).toMatch(/looks personal \(its doc/);
  });

  it('passes when the schema says why it is a fact', async () => {
    const why = { 'tollbook.fact': 'a class of numbers, not a number' };
    expect(await problemOf(fact('numberType', ['null', 'string'], why))).toBe('');
  });

  it('passes when it is computed', async () => {
    const computed = { 'tollbook.computed': { from: 'callerNumber', rule: 'service' } };
    expect(await problemOf(fact('callerService', ['null', 'string'], computed))).toBe('');
  });

  it.each([
    [fact('route', ['null', 'string'], { 'tollbook.sample': undefined }), 'no tollbook.sample'],
    [fact('route', ['null', 'string'], { doc: undefined }), 'has no doc'],
    [fact('route', ['null', 'string'], { 'tollbook.values': ['x', 'y'] }), 'sample outside'],
  ])('must say enough to be judged', async (field, problem) => {
    expect(await problemOf(field)).toContain(problem);
  });
});

describe('a tag', () => {
  it.each([
    [party('x', 'neighbour', 'traffic'), 'names the party "neighbour"'],
    [party('x', 'caller', 'gossip'), 'names the category "gossip"'],
    [party('x', 'caller', 'traffic', { 'tollbook.category': undefined }), 'only one of'],
    [party('x', 'caller', 'traffic', { 'confluent:tags': undefined }), 'PII'],
    [fact('x', ['null', 'string'], { 'confluent:tags': ['PII'] }), 'PII'],
    [party('x', 'caller', 'traffic', { 'tollbook.identifier': 'passport' }), 'identifier kind'],
    [party('x', 'all', 'traffic', { 'tollbook.identifier': 'number' }), 'one party and not to all'],
    [fact('x', ['null', 'string'], { 'tollbook.identifier': 'number' }), 'person of no party'],
    [party('x', 'caller', 'traffic', { type: 'string' }), 'must be nullable'],
    [party('x', 'caller', 'traffic', { 'tollbook.id': 'event' }), 'cannot be computed or an id'],
    [
      fact('x', ['null', 'string'], { 'tollbook.computed': { from: 'callerNumber', rule: 'age' } }),
      'names the rule "age"',
    ],
    [
      fact('x', ['null', 'string'], { 'tollbook.computed': { from: 'pages', rule: 'zone' } }),
      'no party field',
    ],
    [fact('x', ['null', 'string'], { 'tollbook.computed': 'zone' }), 'must say tollbook.computed'],
    [
      fact('x', 'string', {
        default: undefined,
        'tollbook.computed': { from: 'callerNumber', rule: 'zone' },
      }),
      'must be nullable',
    ],
    [fact('x', ['null', 'string'], { 'tollbook.id': 'person' }), 'names the kind of id'],
  ] as const)('that is wrong is refused: %#', async (field, problem) => {
    expect(await problemOf(field)).toContain(problem);
    await expect(loadSchemas({ directory, vocabulary })).rejects.toMatchObject({
      code: 'bad_schema',
    });
  });
});

describe('the common header', () => {
  it.each([
    [commonHeader().filter(({ name }) => name !== 'occurredAt'), 'lacks occurredAt'],
    [[...commonHeader().slice(1), fact('eventId', ['null', 'long'])], 'must have eventId'],
    [[...commonHeader(), fact('switch', ['null', 'string'])], 'keeps for itself'],
    [[...commonHeader(), fact('__proto__', ['null', 'string'])], 'JavaScript keeps'],
    [[...commonHeader(), fact('x y', ['null', 'string'])], 'without a proper name'],
    [[...commonHeader(), fact('pages', ['null', 'int']), fact('pages', ['null', 'int'])], 'twice'],
  ])('is the same in every schema: %#', async (fields, problem) => {
    await writeFile(join(directory, `${type}.avsc`), JSON.stringify(avscType(type, fields)));
    await expect(loadSchemas({ directory, vocabulary })).rejects.toMatchObject({
      code: 'bad_schema',
      message: expect.stringContaining(problem),
    });
  });
});

describe('vocabulary and folder', () => {
  it('name the same types', async () => {
    await write(base());
    await expect(loadSchemas({ directory, vocabulary: {} })).rejects.toThrow(
      /no line in the vocabulary/,
    );
    const more = { ...vocabulary, 'fax.lost': vocabulary[type] };
    await expect(loadSchemas({ directory, vocabulary: more })).rejects.toThrow(
      /there is no schemas\/fax\.lost/,
    );
  });
});

describe('a change to what was released', () => {
  beforeEach(async () => {
    await write(base());
    expect(await releaseSchemas({ directory, vocabulary })).toEqual([type]);
    expect(await check()).toEqual([]);
  });

  const swap = (name: string, ...by: TestField[]) =>
    base().flatMap((field) => (field.name === name ? by : [field]));

  it.each([
    [
      'a required field without default',
      [...base(), { name: 'extra', type: 'long', doc: 'More.' }],
      'cannot be read as',
    ],
    ['a narrower type', swap('pages', fact('pages', ['null', 'int'])), 'cannot be read as'],
    ['a field that is gone', swap('pages'), 'the field pages is gone'],
    [
      'a field that was sealed and is a fact now',
      swap('callerNumber', fact('callerNumber', ['null', 'string'], { 'tollbook.fact': 'no' })),
      'changed whose it is',
    ],
    [
      "a field that is another party's now",
      swap('callerNumber', party('callerNumber', 'callee', 'traffic')),
      'changed whose it is',
    ],
  ])('is refused when it breaks readers: %s', async (_what, fields, problem) => {
    await write(fields);
    expect((await check()).join('\n')).toContain(problem);
    await expect(releaseSchemas({ directory, vocabulary })).rejects.toMatchObject({
      code: 'bad_schema',
    });
  });

  it('is refused until it is released, however harmless', async () => {
    await write([...base(), fact('tariff', ['null', 'string'])]);
    expect(await check()).toEqual([expect.stringContaining('differs from released version 1')]);
    expect(await releaseSchemas({ directory, vocabulary })).toEqual([type]);
    expect(await check()).toEqual([]);
    expect(await releaseSchemas({ directory, vocabulary })).toEqual([]);
  });

  it('may better docs and samples freely', async () => {
    await write(
      base().map((field) =>
        Object.assign(field, { doc: 'Said better.', 'tollbook.sample': 'xyz' }),
      ),
    );
    expect(await check()).toEqual([]);
  });

  it('is refused when somebody rewrites a released version', async () => {
    const file = join(directory, 'released', `${type}.ndjson`);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"caller"', '"callee"'));
    expect((await check()).join('\n')).toContain('no longer gives the fingerprints');
  });

  it.each(['not json', '{"version":1}'])(
    'is refused when the released versions are damaged: %s',
    async (line) => {
      await appendFile(join(directory, 'released', `${type}.ndjson`), `${line}\n`);
      expect((await check()).join('\n')).toContain('restore the file');
    },
  );
});

describe('the command', () => {
  const run = (...words: string[]) =>
    promisify(execFile)(process.execPath, [command, ...words]).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );

  it('exits with 0 and a count when all is well', async () => {
    const { code, stdout } = await run();
    expect(stdout).toMatch(/^\d+ event types, \d+ released versions, 0 problems\n$/);
    expect(code).toBe(0);
  });

  it('exits with 1 and a sentence each when not', async () => {
    await write(base());
    const { code, stderr } = await run(directory);
    expect(code).toBe(1);
    expect(stderr).toContain('no line in the vocabulary');
  });
});
