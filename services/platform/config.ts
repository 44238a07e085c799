import { dirname, join, resolve } from 'node:path';
import { PlatformError } from './errors.ts';
import type { LogLevel } from './logger.ts';

type Parse<T> = (text: string, name: string) => T;

interface Setting<T> {
  readonly name: string;
  readonly help: string;
  readonly fallback: T;
  readonly parse: Parse<T>;
  /** Never printed. */
  readonly secret?: boolean;
}

const text: Parse<string> = (value) => value;
const list: Parse<readonly string[]> = (value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function integer(min: number, max: number): Parse<number> {
  return (value, name) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= min && number <= max) return number;
    throw new PlatformError('bad_setting', `${name} must be a whole number from ${min} to ${max}`);
  };
}

function choice<const T extends string>(options: readonly T[]): Parse<T> {
  return (value, name) => {
    const found = options.find((option) => option === value);
    if (found !== undefined) return found;
    throw new PlatformError('bad_setting', `${name} must be one of ${options.join(', ')}`);
  };
}

function setting<T>(
  name: string,
  fallback: T,
  parse: Parse<T>,
  help: string,
  secret = false,
): Setting<T> {
  return { name, fallback, parse, help, secret };
}

const levels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const mechanisms = ['none', 'plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const;

/** Every setting tollbook reads, with its default. `tollbook help settings` prints this table. */
export const SETTINGS = {
  data: setting('TOLLBOOK_DATA', '.tollbook', text, 'folder of everything but the root key'),
  root: setting(
    'TOLLBOOK_ROOT',
    '',
    text,
    'folder of the root key; default: DATA with "-root" appended',
  ),
  host: setting('TOLLBOOK_HOST', '127.0.0.1', text, 'address the API listens on'),
  port: setting('TOLLBOOK_PORT', 7411, integer(0, 65_535), 'port of the API (0: any free one)'),
  logLevel: setting(
    'TOLLBOOK_LOG_LEVEL',
    'info',
    choice(levels),
    'trace, debug, info, warn, error, fatal or silent',
  ),
  databaseUrl: setting(
    'TOLLBOOK_DATABASE',
    '',
    text,
    'PostgreSQL URL; default: the bundled server',
    true,
  ),
  journal: setting(
    'TOLLBOOK_JOURNAL',
    'postgres',
    text,
    '"postgres", or an esdb:// connection string of KurrentDB',
    true,
  ),
  kafka: setting('TOLLBOOK_KAFKA', [], list, 'Kafka brokers, host:port, separated by commas'),
  kafkaTopics: setting(
    'TOLLBOOK_KAFKA_TOPICS',
    ['switch-events'],
    list,
    'topics to consume; each is a source of its own',
  ),
  kafkaGroup: setting(
    'TOLLBOOK_KAFKA_GROUP',
    'tollbook',
    text,
    'consumer group of the ingest processes',
  ),
  kafkaTls: setting('TOLLBOOK_KAFKA_TLS', 'off', choice(['off', 'on']), 'on: TLS to the brokers'),
  kafkaCa: setting('TOLLBOOK_KAFKA_CA', '', text, 'PEM file of the certificate authority'),
  kafkaCert: setting('TOLLBOOK_KAFKA_CERT', '', text, 'PEM file of the client certificate (mTLS)'),
  kafkaKey: setting('TOLLBOOK_KAFKA_KEY', '', text, 'PEM file of the client key (mTLS)'),
  kafkaSasl: setting('TOLLBOOK_KAFKA_SASL', 'none', choice(mechanisms), mechanisms.join(', ')),
  kafkaUser: setting('TOLLBOOK_KAFKA_USER', '', text, 'user for PLAIN and SCRAM'),
  kafkaPassword: setting('TOLLBOOK_KAFKA_PASSWORD', '', text, 'password for PLAIN and SCRAM', true),
  kafkaTokenFile: setting(
    'TOLLBOOK_KAFKA_TOKEN_FILE',
    '',
    text,
    'file with the OAUTHBEARER token, read anew before each use',
  ),
  kafkaRetentionMaxHours: setting(
    'TOLLBOOK_KAFKA_RETENTION_MAX_HOURS',
    168,
    integer(1, 87_600),
    'longest retention a raw topic may have',
  ),
  registry: setting('TOLLBOOK_REGISTRY', '', text, 'URL of a Confluent-compatible schema registry'),
  registryUser: setting('TOLLBOOK_REGISTRY_USER', '', text, 'user of the schema registry'),
  registryPassword: setting(
    'TOLLBOOK_REGISTRY_PASSWORD',
    '',
    text,
    'password of the schema registry',
    true,
  ),
  sources: setting(
    'TOLLBOOK_SOURCES',
    '',
    text,
    'YAML file of sources; see services/ingest/README.md',
  ),
  country: setting(
    'TOLLBOOK_COUNTRY',
    'GB',
    text,
    'ISO 3166 country whose dialling rules national numbers follow',
  ),
  retentionClass: setting(
    'TOLLBOOK_RETENTION_CLASS',
    'cpaas-eu',
    text,
    'retention pack of accounts that name none',
  ),
  latenessDays: setting(
    'TOLLBOOK_LATENESS_DAYS',
    30,
    integer(1, 90),
    'how old an event may be at first receipt',
  ),
  oidcIssuer: setting('TOLLBOOK_OIDC_ISSUER', '', text, 'issuer whose bearer tokens are accepted'),
  oidcAudience: setting(
    'TOLLBOOK_OIDC_AUDIENCE',
    'tollbook',
    text,
    'audience such a token must name',
  ),
  oidcAlgorithms: setting(
    'TOLLBOOK_OIDC_ALGORITHMS',
    ['EdDSA', 'ES256', 'RS256'],
    list,
    'signature algorithms such a token may use',
  ),
  trafficRate: setting(
    'TOLLBOOK_TRAFFIC_RATE',
    40,
    integer(1, 100_000),
    'events/s of the built-in traffic',
  ),
  trafficSeed: setting(
    'TOLLBOOK_TRAFFIC_SEED',
    1,
    integer(0, 2 ** 31),
    'seed of the built-in traffic',
  ),
  failpoint: setting(
    'TOLLBOOK_FAILPOINT',
    '',
    text,
    'name[:count] of a point to die at; for fault tests',
  ),
} as const;

type Settings = typeof SETTINGS;
type Value<S> = S extends Setting<infer T> ? T : never;
export type Config = { readonly [K in keyof Settings]: Widened<Value<Settings[K]>> };
type Widened<T> = T extends never[] ? readonly string[] : T;

/**
 * Reads the settings once; the result is frozen. Paths come out absolute.
 *
 * @throws PlatformError `bad_setting` naming the setting and what it takes.
 */
export function loadConfig(env: NodeJS.ProcessEnv, cwd: string = process.cwd()): Config {
  const values: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const given = env[entry.name];
    values[key] =
      given === undefined || given === '' ? entry.fallback : entry.parse(given, entry.name);
  }
  const known = new Set(Object.values(SETTINGS).map((entry) => entry.name as string));
  for (const name of Object.keys(env)) {
    if (name.startsWith('TOLLBOOK_') && !name.startsWith('TOLLBOOK_TEST_') && !known.has(name)) {
      throw new PlatformError(
        'bad_setting',
        `${name} is no setting of tollbook; "tollbook help settings" lists them`,
      );
    }
  }
  const data = resolve(cwd, String(values['data']));
  const root =
    values['root'] === ''
      ? join(dirname(data), `${data.slice(dirname(data).length + 1)}-root`)
      : resolve(cwd, String(values['root']));
  // The loop above filled every key of SETTINGS with its own parser's result or default.
  return Object.freeze({ ...values, data, root }) as Config;
}
