import { execFile, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { loadConfig } from '#platform';
import { BrokerUnavailable, kafkaVersion } from './artifacts.ts';
import { startBroker } from './broker.ts';

/**
 * `npm run kafka [-- --port N]`: a single-node broker for development, until Ctrl-C. A container
 * where an engine answers, else Java with the artifacts Maven fetches. Records stay for the next start.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '9092' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    say('npm run kafka [-- --port N]   a single-node Kafka on 127.0.0.1, until Ctrl-C');
    return;
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    fail(2, '--port must be a whole number from 1 to 65535');
    return;
  }
  await ((await hasContainerEngine()) ? runContainer(port) : runJava(port));
}

async function hasContainerEngine(): Promise<boolean> {
  try {
    await promisify(execFile)('docker', ['info', '--format', '{{.ServerVersion}}'], {
      timeout: 10_000,
    });
    return true;
  } catch {
    return false;
  }
}

async function runJava(port: number): Promise<void> {
  const dir = resolve(join(loadConfig(process.env).data, 'kafka'));
  say(`no container engine answers: starting Kafka ${kafkaVersion} with Java, data in ${dir}`);
  const broker = await startBroker({ dir, port, log: say });
  announce(broker.address);
  const told = await Promise.race([untilToldToStop(), broker.ended()]);
  if (told === undefined) {
    fail(1, `the broker ended by itself, see ${join(dir, 'broker.log')}`);
    return;
  }
  say('stopping Kafka');
  await broker.stop();
}

async function runContainer(port: number): Promise<void> {
  say(`starting apache/kafka:${kafkaVersion} in a container, data in the volume tollbook-kafka`);
  const settings = Object.entries(containerSettings(port)).flatMap(([k, v]) => ['-e', `${k}=${v}`]);
  const child = spawn(
    'docker',
    [
      ...['run', '--rm', '--name', 'tollbook-kafka', '-p', `127.0.0.1:${port}:9092`],
      ...['-v', 'tollbook-kafka:/var/lib/kafka/data', ...settings, `apache/kafka:${kafkaVersion}`],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise<number>((done) => child.once('exit', (code) => done(code ?? 0)));
  announce(`127.0.0.1:${port}`);
  // Ctrl-C reaches the container too, as it is in the same foreground group; SIGTERM is passed on.
  process.once('SIGTERM', () => child.kill('SIGTERM'));
  process.once('SIGINT', () => say('stopping Kafka'));
  const code = await ended;
  if (code !== 0 && code !== 130 && code !== 143) fail(1, `docker run ended with code ${code}`);
}

function containerSettings(port: number): Record<string, string> {
  return {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_LOG_DIRS: '/var/lib/kafka/data',
  };
}

function announce(brokers: string): void {
  say(`brokers: ${brokers}`);
  say(`in another shell: TOLLBOOK_KAFKA=${brokers} npm start   (Ctrl-C here stops the broker)`);
}

function untilToldToStop(): Promise<string> {
  return new Promise((done) => {
    process.once('SIGINT', done);
    process.once('SIGTERM', done);
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(code: number, line: string): void {
  process.stderr.write(`kafka: ${line}\n`);
  process.exitCode = code;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof BrokerUnavailable)) throw error;
  fail(1, `${error.message}. Install a container engine, or Java 17 and Maven, and try again.`);
}
