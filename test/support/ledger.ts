import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { migrateJournal } from '#journal/postgres';
import { createPool, startEmbeddedPostgres, type EmbeddedPostgres, type Pool } from '#platform';
import { migrateViews } from '#projections';
import { migrateVault } from '#vault';
import { spawnRole, type RoleName, type RoleProcess } from './role-process.ts';

/** A ledger made of real parts: its own PostgreSQL, data folder, root folder and role processes. */
export interface TestLedger extends AsyncDisposable {
  readonly dir: string;
  readonly pool: Pool;
  /** What role processes are started with. */
  readonly env: NodeJS.ProcessEnv;
  database(): EmbeddedPostgres;
  /** Starts a role of the product in a process of its own. */
  start(role: RoleName, options?: StartRole): Promise<RoleProcess>;
  /** Ends the database as a power cut would, at once. */
  crashDatabase(): Promise<void>;
  startDatabase(): Promise<void>;
}

export interface StartRole {
  readonly env?: NodeJS.ProcessEnv;
  /** Arguments of Node itself, for example for a profile. */
  readonly nodeArgs?: readonly string[];
  /** Another program than `services/cli/main.ts run ROLE`. */
  readonly program?: readonly string[];
  /** Do not wait until it says that it is ready: it is expected to die. */
  readonly impatient?: boolean;
}

export interface LedgerOptions {
  /** An empty folder. */
  readonly dir: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts the database, makes its schemas, and leaves the roles to the caller. */
export async function startLedger(options: LedgerOptions): Promise<TestLedger> {
  const { dir } = options;
  const data = join(dir, 'data');
  mkdirSync(data, { recursive: true });
  const startServer = (): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataDir: data, settings: options.settings ?? {} });
  let server = await startServer();
  const pool = createPool({ url: server.url, max: 4, name: 'test' });
  // Connections die with a crashed server; the next query opens new ones.
  pool.on('error', () => undefined);
  await migrateJournal(pool);
  await migrateVault(pool);
  await migrateViews(pool);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TOLLBOOK_DATA: data,
    TOLLBOOK_ROOT: join(dir, 'root'),
    TOLLBOOK_DATABASE: server.url,
    TOLLBOOK_LOG_LEVEL: 'warn',
    ...options.env,
  };
  const running = new Set<RoleProcess>();
  return {
    dir,
    pool,
    env,
    database: () => server,
    async start(role, startOptions = {}) {
      const started = spawnRole(role, {
        ...startOptions,
        env: { ...env, ...startOptions.env },
        logFile: join(dir, `${role}.log`),
      });
      running.add(started);
      void started.ended.then(() => running.delete(started));
      if (startOptions.impatient !== true) await started.ready;
      return started;
    },
    crashDatabase: () => server.stop('immediate'),
    async startDatabase() {
      server = await startServer();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map((role) => role.kill()));
      await pool.end();
      await server.stop('immediate');
    },
  };
}
