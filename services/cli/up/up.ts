import { rm } from 'node:fs/promises';
import { createPool, startEmbeddedPostgres } from '#platform';
import type { Config, EmbeddedPostgres } from '#platform';
import { CliError } from '../errors.ts';
import { dataFolder, makeDataFolder, writeSecretFile } from '../place.ts';
import type { DataFolder, Running } from '../place.ts';
import { firstTokens } from './first-tokens.ts';
import { lockFolder } from './lock.ts';
import { checkPort } from './port.ts';
import { prepareLedger } from './prepare.ts';
import { createSupervisor } from './supervise.ts';
import type { Supervisor } from './supervise.ts';

export interface UpOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly traffic: boolean;
  readonly rate: number;
  readonly say: (line: string) => void;
}

/** Who hands in stops first, who shows stops last; PostgreSQL after all of them. */
const STOP_ORDER = [['traffic'], ['ingest', 'api'], ['project']] as const;

/** Starts everything, stays until a signal, stops in order. */
export async function up(options: UpOptions): Promise<void> {
  const { config, say } = options;
  const folder = dataFolder(config.data);
  await makeDataFolder(folder);
  const lock = await lockFolder(folder.lock);
  try {
    await checkPort(config.host, config.port);
    say(`data folder ${folder.path}`);
    say(
      `root folder ${config.root} (keep a copy of it apart from the data: without it nothing opens)`,
    );
    const signal = stopSignal();
    const database = await openDatabase(config, say, signal.stopped);
    try {
      await runLedger({ ...options, folder, databaseUrl: database.url, signal });
    } finally {
      await database.close();
      await rm(folder.running, { force: true });
    }
    say('tollbook is down; the next start goes on from here');
  } finally {
    await lock.release();
  }
}

interface Ledger extends UpOptions {
  readonly folder: DataFolder;
  readonly databaseUrl: string;
  readonly signal: StopSignal;
}

async function runLedger(ledger: Ledger): Promise<void> {
  const { config, folder, databaseUrl, say, signal } = ledger;
  const pool = createPool({ url: databaseUrl, max: 2, name: 'up' });
  try {
    await prepareLedger({ pool, config: { ...config, databaseUrl }, say });
  } finally {
    await pool.end();
  }
  const token = await firstTokens(folder);
  const supervisor = createSupervisor({ logs: folder.logs, say });
  try {
    await Promise.race([startRoles(ledger, supervisor, databaseUrl, token), signal.asked]);
    await signal.asked;
  } finally {
    say('stopping');
    await supervisor.stop(STOP_ORDER);
  }
}

async function startRoles(
  ledger: Ledger,
  supervisor: Supervisor,
  databaseUrl: string,
  token: string,
): Promise<void> {
  const { config, folder, say, signal } = ledger;
  const env = roleEnv(ledger, databaseUrl);
  const start = async (name: string): Promise<string | undefined> => {
    if (signal.stopped()) return undefined;
    try {
      const { line, url } = await supervisor.start({ name, env });
      say(line);
      return url;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : '';
      throw new CliError(
        'failed',
        `${name} could not be started (${why}); its log is ${folder.logs}/${name}.log`,
        { cause },
      );
    }
  };
  const url = await start('api');
  if (url === undefined) return;
  const running: Running = { pid: process.pid, url, databaseUrl };
  await writeSecretFile(folder.running, `${JSON.stringify(running)}\n`);
  await start('project');
  if (config.kafka.length > 0) await start('ingest');
  if (ledger.traffic) await start('traffic');
  if (!signal.stopped()) say(`tollbook is up: ${url}/#token=${token}`);
}

function roleEnv({ env, config, rate }: Ledger, databaseUrl: string): NodeJS.ProcessEnv {
  return {
    ...env,
    TOLLBOOK_DATA: config.data,
    TOLLBOOK_ROOT: config.root,
    TOLLBOOK_DATABASE: databaseUrl,
    TOLLBOOK_TRAFFIC_RATE: String(rate),
  };
}

interface Database {
  readonly url: string;
  close(): Promise<void>;
}

/** The bundled server, started again when it dies; or the one the settings name. */
async function openDatabase(
  config: Config,
  say: (line: string) => void,
  stopped: () => boolean,
): Promise<Database> {
  if (config.databaseUrl !== '') {
    return { url: config.databaseUrl, close: async () => undefined };
  }
  const began = Date.now();
  let server: EmbeddedPostgres = await startEmbeddedPostgres({
    dataDir: config.data,
    onProgress: say,
  });
  say(`PostgreSQL answers after ${((Date.now() - began) / 1000).toFixed(1)} s`);
  let closing = false;
  let starting: Promise<void> = Promise.resolve();
  const watch = (): void => {
    void server.ended.then(() => {
      if (closing || stopped()) return;
      say('PostgreSQL ended by itself; starting it again (everything waits and goes on)');
      starting = startEmbeddedPostgres({ dataDir: config.data, onProgress: say }).then(
        (next) => {
          server = next;
          say('PostgreSQL answers again');
          watch();
        },
        (error: unknown) =>
          say(`PostgreSQL does not start again: ${error instanceof Error ? error.message : ''}`),
      );
    });
  };
  watch();
  return {
    url: server.url,
    async close() {
      closing = true;
      await starting;
      await server.stop();
    },
  };
}

interface StopSignal {
  readonly asked: Promise<void>;
  stopped(): boolean;
}

/** SIGINT or SIGTERM asks for a clean stop; a third one ends at once, which loses nothing. */
function stopSignal(): StopSignal {
  let count = 0;
  const asked = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        count += 1;
        resolve();
        if (count >= 3) process.exit(130);
      });
    }
  });
  return { asked, stopped: () => count > 0 };
}
