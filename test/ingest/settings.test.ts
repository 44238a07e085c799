import { describe, expect, test } from 'vitest';
import {
  createDomains,
  createSources,
  IngestError,
  loadIngestSettings,
  parseSourcesFile,
} from '#ingest';
import { loadConfig } from '#platform';

describe('the file of sources', () => {
  test('names sources, topics and retention classes', () => {
    const file = parseSourcesFile(`
sources:
  - name: edge-ams
    country: NL
    account: acme
topics:
  - topic: calls
    source: edge-ams
    format: freeswitch
    incarnation: 2
retentionClasses: [ucaas-us]
`);
    expect(file).toEqual({
      sources: [{ name: 'edge-ams', country: 'NL', accountId: 'acme' }],
      topics: [{ topic: 'calls', source: 'edge-ams', format: 'freeswitch', incarnation: 2 }],
      retentionClasses: ['ucaas-us'],
    });
    expect(parseSourcesFile('')).toEqual({ sources: [], topics: [], retentionClasses: [] });
  });

  test.each([
    ['sources: 3', 'sources is a list'],
    ['sources: [{ name: a, colour: red }]', 'sources[0] has a key'],
    ['sources: [{ country: NL }]', 'sources[0].name is a text'],
    ['topics: [{ topic: a, incarnation: 0 }]', 'topics[0].incarnation'],
    ['a: [', 'no YAML'],
    ['- 1', 'the file is a mapping'],
  ])('%s is refused by place', (text, message) => {
    expect(() => parseSourcesFile(text)).toThrow(
      expect.objectContaining({ code: 'bad_source', message: expect.stringContaining(message) }),
    );
  });

  test('a source cannot have a name or country that is none', () => {
    expect(() => createSources([{ name: 'a b' }])).toThrow(IngestError);
    expect(() => createSources([{ name: 'a', country: 'XX' }])).toThrow(IngestError);
    expect(createSources([{ name: 'a', country: 'DE' }], { country: 'GB' }).get('a').country).toBe(
      'DE',
    );
    expect(createSources([], { country: 'GB' }).get('b').country).toBe('GB');
  });

  test('a retention class nobody configured is no domain', () => {
    const domains = createDomains(['ucaas-us'], 'cpaas-eu');
    expect(domains.of(undefined)).toEqual({ controller: 'operator', retentionClass: 'cpaas-eu' });
    expect(domains.of('ucaas-us')).toBe(domains.of('ucaas-us'));
    expect(domains.of('forever')).toBeUndefined();
  });

  test('the environment tells brokers, topics and how to reach them', async () => {
    const settings = await loadIngestSettings(
      loadConfig({
        TOLLBOOK_KAFKA: 'a:9092,b:9092',
        TOLLBOOK_KAFKA_TOPICS: 'calls,texts',
        TOLLBOOK_KAFKA_SASL: 'scram-sha-512',
        TOLLBOOK_KAFKA_TLS: 'on',
      }),
    );
    expect(settings.kafka).toMatchObject({
      groupId: 'tollbook',
      topics: [{ topic: 'calls' }, { topic: 'texts' }],
      retentionMaxMs: 168 * 3_600_000,
      connection: { brokers: ['a:9092', 'b:9092'], tls: true, sasl: 'scram-sha-512' },
    });
    expect((await loadIngestSettings(loadConfig({}))).kafka).toBeUndefined();
    await expect(
      loadIngestSettings(loadConfig({ TOLLBOOK_SOURCES: '/nowhere.yaml' })),
    ).rejects.toMatchObject({ code: 'bad_source' });
  });
});
