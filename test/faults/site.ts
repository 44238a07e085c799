import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { migrateJournal } from '#journal/postgres';
import { createPool, startEmbeddedPostgres, type EmbeddedPostgres, type Pool } from '#platform';
import { migrateViews } from '#projections';
import { migrateVault } from '#vault';
import type { KafkaHandle } from '../support/kafka.ts';
import { spawnRole, type RoleName, type RoleProcess } from '../support/role-process.ts';

/** What all cases share: a broker and a PostgreSQL server, which a case may kill. */
export interface Site extends AsyncDisposable {
  readonly dir: string;
  readonly kafka: KafkaHandle;
  readonly database: { readonly pid: number; readonly cluster: string };
  /** SIGKILL to the server, then a new one on the same files. */
  killDatabase(): Promise<void>;
  /** SIGKILL; nothing answers until `startDatabase`. */
  stopDatabase(): Promise<void>;
  startDatabase(): Promise<void>;
  /** An empty ledger that reads `topic`. */
  openLedger(topic: string, env?: NodeJS.ProcessEnv): Promise<CaseLedger>;
}

export interface CaseLedger extends AsyncDisposable {
  readonly dir: string;
  readonly url: string;
  readonly pool: Pool;
  readonly env: NodeJS.ProcessEnv;
  /** @param program another one than the product's, for a role that is meant to break a rule */
  start(role: RoleName, failpoint?: string, program?: readonly string[]): RoleProcess;
}

const serverSettings = { shared_buffers: '64MB', max_connections: '100' };

export async function openSite(dir: string, kafka: KafkaHandle): Promise<Site> {
  const dataDir = join(dir, 'postgres');
  mkdirSync(dataDir, { recursive: true });
  const start = (): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataDir, settings: serverSettings });
  let server = await start();
  const stopDatabase = async (): Promise<void> => {
    process.kill(server.pid, 'SIGKILL');
    await server.ended;
  };
  return {
    dir,
    kafka,
    get database() {
      return server;
    },
    async killDatabase() {
      await stopDatabase();
      server = await start();
    },
    stopDatabase,
    async startDatabase() {
      server = await start();
    },
    openLedger: (topic, env = {}) => openLedger({ dir, server: server.url, kafka, topic, env }),
    async [Symbol.asyncDispose]() {
      await server.stop('immediate');
    },
  };
}

interface Place {
  readonly dir: string;
  readonly server: string;
  readonly kafka: KafkaHandle;
  readonly topic: string;
  readonly env: NodeJS.ProcessEnv;
}

async function openLedger({ dir, server, kafka, topic, env: extra }: Place): Promise<CaseLedger> {
  const name = `case_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${name}`);
  const url = server.replace('/tollbook?', `/${name}?`);
  const pool = createPool({ url, max: 8, name: 'faults' });
  pool.on('error', () => undefined);
  await migrateJournal(pool);
  await migrateVault(pool);
  await migrateViews(pool);
  const home = join(dir, name);
  mkdirSync(join(home, 'data'), { recursive: true });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TOLLBOOK_DATA: join(home, 'data'),
    TOLLBOOK_ROOT: join(home, 'root'),
    TOLLBOOK_DATABASE: url,
    TOLLBOOK_KAFKA: kafka.brokers.join(','),
    TOLLBOOK_KAFKA_TOPICS: topic,
    TOLLBOOK_KAFKA_GROUP: topic,
    TOLLBOOK_LOG_LEVEL: 'info',
    ...extra,
  };
  const running = new Set<RoleProcess>();
  return {
    dir: home,
    url,
    pool,
    env,
    start(role, failpoint = '', program) {
      const started = spawnRole(role, {
        ...(program === undefined ? {} : { program }),
        env: { ...env, TOLLBOOK_FAILPOINT: failpoint },
        logFile: join(home, `${role}.log`),
      });
      running.add(started);
      void started.ended.then(() => running.delete(started));
      return started;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map((role) => role.kill()));
      await pool.end();
      await administer(server, `drop database if exists ${name} with (force)`);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
