import { describe, expect, it } from 'vitest';
import { Partitioners, type KafkaConfig, type SASLOptions } from 'kafkajs';
import { unsecuredToken, type KafkaHandle } from './kafka.ts';
import { sharedKafka } from './shared-kafka.ts';

const kafka = await sharedKafka();

describe.skipIf(kafka === undefined)('the test broker', () => {
  it('takes records and gives them back', async () => {
    const { client, createTopic } = present();
    const topic = await createTopic({ partitions: 2 });
    const producer = client().producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'one', partition: 1 }] });
    await producer.disconnect();
    expect(await highWatermarks(present(), topic)).toEqual([0, 1]);
  });

  it('forgets records and grows partitions on demand', async () => {
    const handle = present();
    const topic = await handle.createTopic({ partitions: 1 });
    const producer = handle.client().producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'one' }, { value: 'two' }] });
    await producer.disconnect();
    await handle.deleteRecords(topic, 0, 1);
    await handle.addPartitions(topic, 3);
    expect(await highWatermarks(handle, topic)).toEqual([2, 0, 0]);
  });

  const user = kafka?.security?.user ?? { username: '', password: '' };
  const sasl: Record<string, SASLOptions> = {
    PLAIN: { mechanism: 'plain', ...user },
    'SCRAM-SHA-256': { mechanism: 'scram-sha-256', ...user },
    'SCRAM-SHA-512': { mechanism: 'scram-sha-512', ...user },
    OAUTHBEARER: {
      mechanism: 'oauthbearer',
      oauthBearerProvider: async () => ({ value: unsecuredToken('switch') }),
    },
  };

  it.each(Object.keys(sasl))('lets a client in by %s, with and without TLS', async (name) => {
    const { listeners, security } = present();
    const config = sasl[name];
    if (config === undefined) throw new Error(`no options for ${name}`);
    await reaches({ brokers: [listeners['SASL'] ?? ''], sasl: config });
    const ssl = { ca: [security?.ca ?? ''] };
    await reaches({ brokers: [listeners['SASL_TLS'] ?? ''], sasl: config, ssl });
  });

  it('refuses a wrong password', async () => {
    const brokers = [present().listeners['SASL'] ?? ''];
    const wrong: SASLOptions = { mechanism: 'plain', username: 'switch', password: 'wrong' };
    await expect(reaches({ brokers, sasl: wrong })).rejects.toThrow(/authentication/i);
  });

  it('asks for a client certificate on its mTLS listener', async () => {
    const { listeners, security } = present();
    if (security === undefined) throw new Error('the shared broker has secured listeners');
    const brokers = [listeners['MTLS'] ?? ''];
    const ca = [security.ca];
    const certificate = { key: security.clientKey, cert: security.clientCertificate };
    await reaches({ brokers, ssl: { ca, ...certificate } });
    await expect(reaches({ brokers, ssl: { ca } })).rejects.toThrow();
  });
});

function present(): KafkaHandle {
  if (kafka === undefined) throw new Error('the test should have been skipped');
  return kafka;
}

async function reaches(config: KafkaConfig): Promise<void> {
  const admin = present()
    .client({ ...config, retry: { retries: 0 } })
    .admin();
  try {
    await admin.connect();
    await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}

async function highWatermarks(handle: KafkaHandle, topic: string): Promise<number[]> {
  const admin = handle.client().admin();
  await admin.connect();
  try {
    const partitions = await admin.fetchTopicOffsets(topic);
    return partitions.toSorted((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
  } finally {
    await admin.disconnect();
  }
}
