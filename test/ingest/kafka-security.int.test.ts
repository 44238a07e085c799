import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unsecuredToken } from '#test/support/kafka.ts';
import { sharedKafka } from '#test/support/shared-kafka.ts';
import { produce, readTopic, untilStored } from './support/kafka.ts';
import { testLedger } from './support/ledger.ts';
import { initiated, json } from './support/samples.ts';

const shared = await sharedKafka();

describe.skipIf(shared?.security === undefined)('Kafka intake over secured listeners', () => {
  const files: Record<string, string> = {};
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollbook-kafka-files-'));
    const { ca = '', clientCertificate = '', clientKey = '' } = shared?.security ?? {};
    for (const [name, text] of Object.entries({
      ca,
      clientCertificate,
      clientKey,
      token: `${unsecuredToken('switch')}\n`,
    })) {
      files[name] = join(folder, name);
      await writeFile(join(folder, name), text);
    }
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  const user = shared?.security?.user.username;
  const password = shared?.security?.user.password;

  test.each([
    ['SASL', 'plain', false],
    ['SASL', 'scram-sha-256', false],
    ['SASL_TLS', 'scram-sha-512', true],
    ['SASL_TLS', 'oauthbearer', true],
    ['MTLS', 'none', true],
  ] as const)('reads by %s with %s', async (listener, sasl, tls) => {
    if (shared === undefined) throw new Error('no broker');
    await using ledger = await testLedger();
    const topic = await shared.createTopic({ partitions: 1 });
    await produce(shared, topic, [{ value: json(initiated()) }]);
    const intake = readTopic(ledger.ingest, shared, topic, {
      connection: {
        brokers: [shared.listeners[listener] ?? ''],
        clientId: 'test',
        tls,
        sasl,
        user,
        password,
        caFile: files['ca'],
        certFile: files['clientCertificate'],
        keyFile: files['clientKey'],
        tokenFile: files['token'],
      },
    });
    expect(await untilStored(ledger, topic, 1, { intake })).toHaveLength(1);
    await intake.close();
  });
});
