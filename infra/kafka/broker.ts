import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createKafka } from '#platform/kafkajs.ts';
import { BrokerUnavailable, ensureArtifacts } from './artifacts.ts';

const run = promisify(execFile);
const here = import.meta.dirname;

/** A listener beside the plain one, for what speaks SASL or TLS. */
export interface ExtraListener {
  /** Upper-case letters and underscores, for example `SASL`. */
  readonly name: string;
  readonly protocol: 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  /** Server properties that belong to it, whole keys. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface BrokerOptions {
  /** Holds the broker's data, its configuration and `broker.log`. */
  readonly dir: string;
  /** Of the plain listener; a free one when left out. */
  readonly port?: number;
  readonly listeners?: readonly ExtraListener[];
  /** SCRAM users, added when the data folder is formatted: `SCRAM-SHA-256=[name=…,password=…]`. */
  readonly scram?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
  /** Compile less, start sooner (the default); false where its speed is measured. */
  readonly quickStart?: boolean;
  readonly heapMb?: number;
  readonly cacheDir?: string;
  readonly log?: (line: string) => void;
}

/** A running single-node broker. Ports stay the same over `kill` and `start`. */
export interface Broker {
  readonly address: string;
  /** Address of each extra listener by its name. */
  readonly listeners: Readonly<Record<string, string>>;
  readonly dir: string;
  pid(): number | undefined;
  /** SIGTERM, then waits until the process is gone. */
  stop(): Promise<void>;
  /** SIGKILL, as a power cut would. */
  kill(): Promise<void>;
  /** Starts the same broker again after `stop` or `kill`. */
  start(): Promise<void>;
  /** Resolves when the process that runs now is gone, for whatever reason. */
  ended(): Promise<void>;
}

/**
 * Starts Kafka as broker and controller in one Java process on 127.0.0.1.
 *
 * @throws BrokerUnavailable when Java, Maven or the artifacts are missing, or it does not come up.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const jars = await ensureArtifacts(options);
  mkdirSync(options.dir, { recursive: true });
  const layout = await chooseLayout(options);
  writeFileSync(join(options.dir, 'server.properties'), serverProperties(options, layout));
  await format(jars, options);
  const started = new RunningBroker(jars, options, layout);
  await started.start();
  return started;
}

interface Layout {
  readonly port: number;
  readonly controllerPort: number;
  readonly extra: readonly (ExtraListener & { readonly port: number })[];
}

class RunningBroker implements Broker {
  readonly address: string;
  readonly listeners: Readonly<Record<string, string>>;
  readonly dir: string;
  readonly #jars: string;
  readonly #options: BrokerOptions;
  #child: ChildProcess | undefined;

  constructor(jars: string, options: BrokerOptions, layout: Layout) {
    this.#jars = jars;
    this.#options = options;
    this.dir = options.dir;
    this.address = `127.0.0.1:${layout.port}`;
    this.listeners = Object.fromEntries(
      layout.extra.map((listener) => [listener.name, `127.0.0.1:${listener.port}`]),
    );
  }

  pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const log = openSync(join(this.dir, 'broker.log'), 'a');
    const child = spawn('java', javaArguments(this.#jars, this.#options), {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    const killIt = (): void => void child.kill('SIGKILL');
    process.once('exit', killIt);
    child.once('exit', () => {
      process.removeListener('exit', killIt);
      if (this.#child === child) this.#child = undefined;
    });
    await untilReady(this.address, child, this.dir);
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async ended(): Promise<void> {
    const child = this.#child;
    if (child !== undefined) await new Promise<void>((gone) => child.once('exit', () => gone()));
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = this.ended();
    child.kill(signal);
    const impatient = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(impatient);
  }
}

async function chooseLayout(options: BrokerOptions): Promise<Layout> {
  const extra = options.listeners ?? [];
  const [controllerPort = 0, port = 0, ...others] = await freePorts(extra.length + 2);
  return {
    port: options.port ?? port,
    controllerPort,
    extra: extra.map((listener, i) => ({ ...listener, port: others[i] ?? 0 })),
  };
}

/** Ports nobody listens on now; all are held until the last is known, so they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function serverProperties(options: BrokerOptions, layout: Layout): string {
  const at = (name: string, port: number): string => `${name}://127.0.0.1:${port}`;
  const clients = [
    at('PLAINTEXT', layout.port),
    ...layout.extra.map((listener) => at(listener.name, listener.port)),
  ];
  const protocols = [
    ...['CONTROLLER:PLAINTEXT', 'PLAINTEXT:PLAINTEXT'],
    ...layout.extra.map((listener) => `${listener.name}:${listener.protocol}`),
  ];
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${layout.controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: [...clients, at('CONTROLLER', layout.controllerPort)].join(','),
    'advertised.listeners': clients.join(','),
    'listener.security.protocol.map': protocols.join(','),
    'log.dirs': join(options.dir, 'data'),
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '1',
    ...singleNode(),
  };
  for (const listener of layout.extra) Object.assign(properties, listener.properties);
  Object.assign(properties, options.properties);
  return `${Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`;
}

/** Every replication factor and quorum a broker of its own must not wait for. */
function singleNode(): Record<string, string> {
  const names = [
    ...['offsets.topic.replication.factor', 'transaction.state.log.replication.factor'],
    ...['transaction.state.log.min.isr', 'share.coordinator.state.topic.replication.factor'],
    ...['share.coordinator.state.topic.min.isr', 'default.replication.factor'],
    'min.insync.replicas',
  ];
  return Object.fromEntries(names.map((name) => [name, '1']));
}

/** Gives an empty data folder its cluster id; one that has it is left alone. */
async function format(jars: string, options: BrokerOptions): Promise<void> {
  if (existsSync(join(options.dir, 'data', 'meta.properties'))) return;
  const tool = [
    '-cp',
    `${jars}/*`,
    ...logging(),
    '-XX:TieredStopAtLevel=1',
    'kafka.tools.StorageTool',
  ];
  const { stdout } = await run('java', [...tool, 'random-uuid']);
  const id = stdout.trim().split('\n').at(-1) ?? '';
  const scram = (options.scram ?? []).flatMap((user) => ['--add-scram', user]);
  const properties = join(options.dir, 'server.properties');
  await run('java', [...tool, 'format', '-t', id, '-c', properties, ...scram]);
}

function logging(): string[] {
  return [`-Dlog4j2.configurationFile=${join(here, 'log4j2.properties')}`];
}

function javaArguments(jars: string, options: BrokerOptions): string[] {
  const quick = options.quickStart ?? true;
  return [
    ...['-Xms256m', `-Xmx${options.heapMb ?? 512}m`, '-XX:+UseSerialGC'],
    ...(quick ? ['-XX:TieredStopAtLevel=1'] : []),
    ...[...logging(), '-cp', `${jars}/*`, 'kafka.Kafka', join(options.dir, 'server.properties')],
  ];
}

async function untilReady(address: string, child: ChildProcess, dir: string): Promise<void> {
  const client = createKafka({
    clientId: 'tollbook-start',
    brokers: [address],
    retry: { retries: 0 },
    connectionTimeout: 1_000,
  });
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const admin = client.admin();
    try {
      await admin.connect();
      const { brokers } = await admin.describeCluster();
      if (brokers.length > 0) return;
    } catch {
      // Not listening yet: the next round asks again, and the deadline ends it.
    } finally {
      await admin.disconnect();
    }
    await sleep(100);
  }
  child.kill('SIGKILL');
  throw new BrokerUnavailable(`Kafka did not come up on ${address}: ${logTail(dir)}`);
}

function logTail(dir: string): string {
  const lines = readFileSync(join(dir, 'broker.log'), 'utf8').trim().split('\n');
  return lines.slice(-5).join(' | ') || 'it wrote nothing to its log';
}
