import { readFile } from 'node:fs/promises';
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import kafkajs from 'kafkajs';
import type { Logger } from '#platform';

/** How brokers are reached and who we are to them. */
export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls: boolean;
  /** PEM files. */
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly sasl: 'none' | 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Read anew before each use, so whatever renews it needs no restart. */
  readonly tokenFile?: string | undefined;
}

/** What kafkajs takes for these settings. */
export async function kafkaConfig(settings: KafkaSettings, logger: Logger): Promise<KafkaConfig> {
  const { tls, caFile, certFile, keyFile } = settings;
  const sasl = saslOf(settings);
  const read = (file: string | undefined) => (file ? readFile(file, 'utf8') : undefined);
  const [ca, cert, key] = await Promise.all([read(caFile), read(certFile), read(keyFile)]);
  return {
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
    retry: { initialRetryTime: 200, maxRetryTime: 5_000, retries: 5 },
    ...(tls
      ? {
          ssl: { ...(ca === undefined ? {} : { ca: [ca] }), ...(cert && key ? { cert, key } : {}) },
        }
      : {}),
    ...(sasl === undefined ? {} : { sasl }),
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => quietly(logger),
  };
}

function saslOf(settings: KafkaSettings): SASLOptions | undefined {
  const { sasl, user = '', password = '', tokenFile } = settings;
  if (sasl === 'none') return undefined;
  if (sasl === 'oauthbearer') {
    return {
      mechanism: 'oauthbearer',
      oauthBearerProvider: async () => ({
        value: (await readFile(tokenFile ?? '', 'utf8')).trim(),
      }),
    };
  }
  return { mechanism: sasl, username: user, password };
}

const SAY_AGAIN_AFTER_MS = 10_000;

/** kafkajs says the same thing many times a second when a broker is away: once in ten seconds will do. */
function quietly(logger: Logger): ReturnType<NonNullable<KafkaConfig['logCreator']>> {
  const said = new Map<string, number>();
  return ({ level, namespace, log }) => {
    const line = `${namespace}: ${log.message}`;
    const now = Date.now();
    if ((said.get(line) ?? 0) > now - SAY_AGAIN_AFTER_MS) return;
    if (said.size > 200) said.clear();
    said.set(line, now);
    const fields = { part: namespace, error: log['error'] };
    if (level <= kafkajs.logLevel.ERROR) logger.warn(fields, log.message);
    else logger.debug(fields, log.message);
  };
}
