import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from './errors.ts';

/** Files of a data folder that the command line knows. */
export interface DataFolder {
  readonly path: string;
  /** Hashes of local tokens (see services/api/auth/token-store.ts). */
  readonly tokens: string;
  /** The first operator token itself, so that the commands of whoever owns the folder just work. */
  readonly ownToken: string;
  /** The built-in traffic's token: it may hand in events of one source. */
  readonly trafficToken: string;
  /** Who runs here and how to reach it. */
  readonly running: string;
  readonly lock: string;
  readonly logs: string;
}

export function dataFolder(path: string): DataFolder {
  return {
    path,
    tokens: join(path, 'tokens.json'),
    ownToken: join(path, 'operator.token'),
    trafficToken: join(path, 'traffic.token'),
    running: join(path, 'running.json'),
    lock: join(path, 'up.lock'),
    logs: join(path, 'logs'),
  };
}

/** What `up` leaves for the other commands, mode 0600 (it holds the database's password). */
export interface Running {
  readonly pid: number;
  readonly url: string;
  readonly databaseUrl: string;
}

/** Makes the folder, closed to others (0700; the bundled server may widen it to 0711 when run as root). */
export async function makeDataFolder(folder: DataFolder): Promise<void> {
  try {
    await mkdir(folder.path, { recursive: true, mode: 0o700 });
    const { mode } = await stat(folder.path);
    if ((mode & 0o066) !== 0) await chmod(folder.path, 0o700);
    await mkdir(folder.logs, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new CliError(
      'folder',
      `the data folder ${folder.path} cannot be made or written; set TOLLBOOK_DATA to a folder that can`,
      { cause },
    );
  }
}

export async function writeSecretFile(file: string, content: string): Promise<void> {
  const next = `${file}.${process.pid}.next`;
  await writeFile(next, content, { mode: 0o600 });
  await chmod(next, 0o600);
  await rename(next, file);
}

export async function readTextFile(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CliError(
      'folder',
      `${file} cannot be read; run as the user who started tollbook, or pass --token-file`,
      { cause: error },
    );
  }
}

export async function readRunning(folder: DataFolder): Promise<Running | undefined> {
  const text = await readTextFile(folder.running);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (!isRunning(value)) {
    throw new CliError(
      'folder',
      `${folder.running} is damaged; stop tollbook, remove the file and start again`,
    );
  }
  return value;
}

function isRunning(value: unknown): value is Running {
  if (typeof value !== 'object' || value === null) return false;
  if (!('pid' in value) || typeof value.pid !== 'number') return false;
  return (
    'url' in value &&
    typeof value.url === 'string' &&
    'databaseUrl' in value &&
    typeof value.databaseUrl === 'string'
  );
}
