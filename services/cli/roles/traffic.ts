import { join } from 'node:path';
import { kafkaConfig, loadIngestSettings } from '#ingest';
import { createBackoff, delay, systemClock } from '#platform';
import type { Config, Logger } from '#platform';
import { createKafka } from '#platform/kafkajs.ts';
import {
  createHttpPublisher,
  createKafkaPublisher,
  registerSchemas,
  runTraffic,
  TrafficError,
  wireEncoder,
} from '#traffic';
import type { Publisher } from '#traffic';
import { CliError } from '../errors.ts';
import { dataFolder, readRunning, readTextFile } from '../place.ts';
import type { RoleContext } from './role.ts';

/** The built-in telephony day: into Kafka where brokers are named, else into the HTTP intake. */
export async function trafficRole(context: RoleContext): Promise<void> {
  const { config, logger, lifecycle, supervisor, fail } = context;
  const publisher =
    config.kafka.length > 0
      ? await whenThere(context, () => kafkaPublisher(config, logger))
      : await httpPublisher(config);
  lifecycle.onStop('publisher', async () => {
    await publisher[Symbol.asyncDispose]();
  });
  const running = runTraffic({
    publisher,
    rate: config.trafficRate,
    seed: config.trafficSeed,
    home: config.country,
    stateFile: join(config.data, 'traffic', 'state.json'),
    clock: systemClock,
    logger,
    signal: lifecycle.signal,
  });
  lifecycle.onStop('traffic', () => running.catch(() => undefined));
  running.catch(fail);
  supervisor.ready(`traffic plays ${config.trafficRate} events/s into ${publisher.name}`);
}

/** The intake of the API that is up, with the token that may hand in events of source `traffic`. */
async function httpPublisher(config: Config): Promise<Publisher> {
  const folder = dataFolder(config.data);
  const running = await readRunning(folder);
  const token = (await readTextFile(folder.trafficToken))?.trim();
  if (running === undefined || token === undefined) {
    throw new CliError(
      'not_running',
      'the traffic has no API to hand events to; start it with "tollbook up --traffic"',
    );
  }
  return createHttpPublisher({ url: running.url, token });
}

/** Waits while the broker or registry is away, and says so once. */
async function whenThere(
  { lifecycle, supervisor }: RoleContext,
  open: () => Promise<Publisher>,
): Promise<Publisher> {
  const backoff = createBackoff({ firstMs: 500, maxMs: 10_000 });
  for (let tries = 0; ; tries += 1) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof TrafficError) || error.code !== 'away' || lifecycle.signal.aborted)
        throw error;
      if (tries === 0) supervisor.line(`${error.message}; waiting for it`);
      await delay(backoff.next(), lifecycle.signal);
    }
  }
}

/** The first topic; schemas by registry id where a registry is configured, else by fingerprint. */
async function kafkaPublisher(config: Config, logger: Logger): Promise<Publisher> {
  const { kafka } = await loadIngestSettings(config);
  const topic = config.kafkaTopics[0];
  if (kafka === undefined || topic === undefined)
    throw new CliError('usage', 'name a topic in TOLLBOOK_KAFKA_TOPICS');
  const client = createKafka(await kafkaConfig(kafka.connection, logger));
  const { registry: url, registryUser: user, registryPassword: password } = config;
  if (url === '') return createKafkaPublisher({ kafka: client, topic });
  const ids = await registerSchemas({ url, user, password, topic });
  return createKafkaPublisher({ kafka: client, topic, encode: wireEncoder(ids) });
}
