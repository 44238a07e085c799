import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { PlatformError } from './errors.ts';
import { findPostgres } from './postgres-binaries.ts';
import type { Place } from './postgres-place.ts';
import { findPlace } from './postgres-place.ts';
import { delay } from './wait.ts';

export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  /** Server settings over the defaults below. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called with a line for the operator where a step takes a while. */
  readonly onProgress?: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** URL of the database `tollbook`. */
  readonly url: string;
  readonly pid: number;
  /** Where the cluster's files are. */
  readonly cluster: string;
  /** Resolves when the server ended by itself or was stopped. */
  readonly ended: Promise<void>;
  /** `fast` ends sessions and checkpoints; `immediate` is a crash. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
}

/**
 * Durable (fsync and synchronous_commit on), on a Unix socket only, without statement or parameter
 * in its log, sized for a small machine beside Node processes.
 */
const DEFAULTS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  max_connections: '80',
  shared_buffers: '512MB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '4GB',
  min_wal_size: '512MB',
  wal_buffers: '32MB',
  checkpoint_timeout: '10min',
  checkpoint_completion_target: '0.9',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  jit: 'off',
  log_statement: 'none',
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  timezone: 'UTC',
};

/** Starts the bundled PostgreSQL on `dataDir`, or takes over one that still runs there. */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const say = options.onProgress ?? (() => undefined);
  const place = await findPlace(options.dataDir, await findPostgres());
  const password = await readPassword(options.dataDir);
  const url = `postgres://tollbook:${password}@localhost/tollbook?host=${encodeURIComponent(place.socket)}`;
  const data = join(place.cluster, 'data');
  if ((await stat(join(data, 'PG_VERSION')).catch(() => undefined)) === undefined) {
    say(`creating a PostgreSQL cluster in ${place.cluster}`);
    await initialise(place, data, password);
  }
  const running = await adopt(url, data);
  if (running !== undefined) {
    say(`taking over the PostgreSQL that still runs in ${place.cluster}`);
    return running;
  }
  return await launch(place, data, url, { ...DEFAULTS, ...options.settings });
}

async function readPassword(dataDir: string): Promise<string> {
  const file = join(dataDir, 'postgres.password');
  try {
    await writeFile(file, `${randomBytes(24).toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}

async function initialise(place: Place, data: string, password: string): Promise<void> {
  // A first start that was cut leaves a folder initdb would refuse.
  await rm(data, { recursive: true, force: true });
  const passwordFile = join(place.cluster, 'initial-password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (place.owner !== undefined) await chown(passwordFile, place.owner.uid, place.owner.gid);
  try {
    const args = ['-D', data, '-U', 'tollbook', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
    const child = spawnAs(
      place,
      'initdb',
      [...args, '-E', 'UTF8', '--no-locale', '--data-checksums'],
      'pipe',
    );
    const output: Buffer[] = [];
    child.stderr?.on('data', (chunk: Buffer) => output.push(chunk));
    child.stdout?.resume();
    const [code] = await once(child, 'exit');
    if (code !== 0) {
      const said = Buffer.concat(output).toString().trim().split('\n').slice(-3).join(' ');
      throw new PlatformError(
        'postgres_failed',
        `the PostgreSQL cluster could not be created: ${said}`,
      );
    }
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function spawnAs(
  place: Place,
  program: string,
  args: readonly string[],
  output: 'pipe' | number,
): ChildProcess {
  const { home } = place.binaries;
  // No core dumps: a dump would hold keys and plaintext. `exec` keeps the child's pid the server's.
  const command = ['-c', 'ulimit -c 0; exec "$0" "$@"', join(home, 'bin', program), ...args];
  return spawn('/bin/sh', command, {
    cwd: place.cluster,
    // A group of its own: Ctrl-C in the terminal must reach tollbook first, which then stops it.
    detached: true,
    stdio: ['ignore', output, output],
    env: {
      PATH: '/usr/bin:/bin',
      LD_LIBRARY_PATH: join(home, 'lib'),
      DYLD_LIBRARY_PATH: join(home, 'lib'),
      LC_ALL: 'C',
      TZ: 'UTC',
    },
    ...(place.owner === undefined ? {} : { uid: place.owner.uid, gid: place.owner.gid }),
  });
}

async function readPid(data: string): Promise<number | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A server whose tollbook was killed goes on running; it answers to our password, so it is ours. */
async function adopt(url: string, data: string): Promise<EmbeddedPostgres | undefined> {
  const pid = await readPid(data);
  if (pid === undefined || !alive(pid)) return undefined;
  for (let tries = 0; tries < 50 && alive(pid); tries += 1) {
    if (await answers(url)) return handle(url, pid, data, untilGone(pid));
    await delay(200);
  }
  return undefined;
}

async function untilGone(pid: number): Promise<void> {
  while (alive(pid)) await delay(500);
}

async function launch(
  place: Place,
  data: string,
  url: string,
  settings: Readonly<Record<string, string>>,
): Promise<EmbeddedPostgres> {
  const args = ['-D', data, '-k', place.socket];
  for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`);
  const logFile = join(place.cluster, 'server.log');
  const log = await open(logFile, 'a', 0o600);
  const child = spawnAs(place, 'postgres', args, log.fd);
  await log.close();
  await chmod(logFile, 0o600);
  child.unref();
  const ended = once(child, 'exit').then(() => undefined);
  const { pid } = child;
  if (pid === undefined)
    throw new PlatformError('postgres_failed', 'the bundled PostgreSQL could not be started');
  for (let waited = 0; waited < 120_000; waited += 50) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (await answers(url)) return handle(url, pid, data, ended);
    await delay(50);
  }
  const last = (await readFile(logFile, 'utf8').catch(() => ''))
    .trim()
    .split('\n')
    .slice(-3)
    .join(' ');
  if (child.exitCode === null && child.signalCode === null) process.kill(pid, 'SIGQUIT');
  throw new PlatformError(
    'postgres_failed',
    `PostgreSQL did not start; the end of ${logFile} says: ${last}`,
  );
}

/** True when the server accepts our credentials; makes the database at the first time. */
async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url.replace('/tollbook?', '/postgres?'),
    connectionTimeoutMillis: 5000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query(`select from pg_database where datname = 'tollbook'`);
    if (found.rowCount === 0) await client.query('create database tollbook');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function handle(url: string, pid: number, data: string, ended: Promise<void>): EmbeddedPostgres {
  return {
    url,
    pid,
    cluster: data,
    ended,
    async stop(mode = 'fast') {
      if (!alive(pid)) return;
      process.kill(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
      // The child does not keep the event loop alive; waiting for its end has to.
      const awake = setInterval(() => undefined, 1_000);
      await ended.finally(() => clearInterval(awake));
    },
  };
}
