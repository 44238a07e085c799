import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Config } from '#platform';
import { parse } from 'yaml';
import { IngestError } from './errors.ts';
import type { KafkaIntakeSettings } from './kafka/intake.ts';
import type { TopicSettings } from './kafka/topic.ts';
import type { Domains, Source, Sources } from './sources.ts';
import { createDomains, createSources } from './sources.ts';

export interface IngestSettings {
  readonly sources: Sources;
  readonly domains: Domains;
  readonly latenessDays: number;
  /** Undefined where no broker is configured. */
  readonly kafka: KafkaIntakeSettings | undefined;
}

/**
 * What the configuration says of intake.
 *
 * @throws IngestError `bad_source` when the file of sources cannot be read as one.
 */
export async function loadIngestSettings(config: Config): Promise<IngestSettings> {
  const file =
    config.sources === '' ? NO_FILE : parseSourcesFile(await readSources(config.sources));
  const topics = config.kafkaTopics.map(
    (topic): TopicSettings => file.topics.find((each) => each.topic === topic) ?? { topic },
  );
  return {
    sources: createSources(file.sources, config.country === '' ? {} : { country: config.country }),
    domains: createDomains(file.retentionClasses, config.retentionClass),
    latenessDays: config.latenessDays,
    kafka: config.kafka.length === 0 ? undefined : kafkaOf(config, topics),
  };
}

function kafkaOf(config: Config, topics: readonly TopicSettings[]): KafkaIntakeSettings {
  return {
    groupId: config.kafkaGroup,
    topics,
    retentionMaxMs: config.kafkaRetentionMaxHours * 3_600_000,
    connection: {
      brokers: config.kafka,
      clientId: `tollbook-${hostname()}`,
      tls: config.kafkaTls === 'on',
      caFile: config.kafkaCa,
      certFile: config.kafkaCert,
      keyFile: config.kafkaKey,
      sasl: config.kafkaSasl,
      user: config.kafkaUser,
      password: config.kafkaPassword,
      tokenFile: config.kafkaTokenFile,
    },
  };
}

export interface SourcesFile {
  readonly sources: readonly Source[];
  readonly topics: readonly TopicSettings[];
  /** Retention classes that records may name besides the default. */
  readonly retentionClasses: readonly string[];
}

const NO_FILE: SourcesFile = { sources: [], topics: [], retentionClasses: [] };

async function readSources(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new IngestError('bad_source', 'the file that TOLLBOOK_SOURCES names cannot be read', {
      cause,
    });
  }
}

/**
 * Reads the YAML file of sources: lists `sources`, `topics` and `retentionClasses`, all optional.
 *
 * @throws IngestError `bad_source` naming the place and what is wrong there.
 */
export function parseSourcesFile(text: string): SourcesFile {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new IngestError('bad_source', 'the file of sources is no YAML', { cause });
  }
  const file = recordOf(value ?? {}, 'the file', ['sources', 'topics', 'retentionClasses']);
  return {
    sources: listOf(file['sources'], 'sources').map(readSource),
    topics: listOf(file['topics'], 'topics').map(readTopic),
    retentionClasses: listOf(file['retentionClasses'], 'retentionClasses').map((name, index) =>
      textOf(name, `retentionClasses[${index}]`),
    ),
  };
}

function readSource(value: unknown, index: number): Source {
  const at = `sources[${index}]`;
  const entry = recordOf(value, at, ['name', 'country', 'account']);
  return {
    name: textOf(entry['name'], `${at}.name`),
    country: optional(entry['country'], (text) => textOf(text, `${at}.country`)),
    accountId: optional(entry['account'], (text) => textOf(text, `${at}.account`)),
  };
}

function readTopic(value: unknown, index: number): TopicSettings {
  const at = `topics[${index}]`;
  const entry = recordOf(value, at, ['topic', 'source', 'format', 'incarnation']);
  return {
    topic: textOf(entry['topic'], `${at}.topic`),
    source: optional(entry['source'], (text) => textOf(text, `${at}.source`)),
    format: optional(entry['format'], (text) => textOf(text, `${at}.format`)),
    incarnation: optional(entry['incarnation'], (number) => incarnationOf(number, at)),
  };
}

function incarnationOf(value: unknown, at: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw bad(`${at}.incarnation is a whole number from 1`);
}

function recordOf(value: unknown, at: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(`${at} is a mapping`);
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw bad(`${at} has a key that is none of ${known.join(', ')}`);
  }
  return { ...value };
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad(`${at} is a list`);
  return value;
}

function textOf(value: unknown, at: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw bad(`${at} is a text`);
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value);
}

function bad(message: string): IngestError {
  return new IngestError('bad_source', `file of sources: ${message}`);
}
