import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { PlatformError } from './errors.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { copyPostgres } from './postgres-binaries.ts';

const run = promisify(execFile);
const SYSTEM_HOME = '/var/lib/tollbook';
/** sun_path holds 107 bytes; the socket's own name takes 15 of them. */
const SOCKET_DIR_MAX = 90;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** Where a cluster lives and as whom it runs. `owner` is undefined when that is the caller. */
export interface Place {
  readonly cluster: string;
  readonly socket: string;
  readonly binaries: PostgresBinaries;
  readonly owner: Owner | undefined;
}

/**
 * PostgreSQL refuses to run as root. For root it therefore runs as an ordinary user, and whatever
 * that user cannot reach (a data folder or a checkout below /root) is put under /var/lib/tollbook.
 */
export async function findPlace(dataDir: string, binaries: PostgresBinaries): Promise<Place> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) {
    const cluster = join(dataDir, 'postgres');
    await mkdir(cluster, { recursive: true, mode: 0o700 });
    return { cluster, socket: await socketDir(cluster, undefined), binaries, owner: undefined };
  }
  const owner = await findOwner();
  const open = await reachable(dirname(dataDir));
  const id = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  const parent = open ? dataDir : join(SYSTEM_HOME, id);
  if (open) await chmod(dataDir, 0o711);
  else await mkdir(parent, { recursive: true, mode: 0o755 });
  const cluster = join(parent, 'postgres');
  await mkdir(cluster, { recursive: true, mode: 0o700 });
  await chown(cluster, owner.uid, owner.gid);
  if (!open) await writeFile(join(dataDir, 'postgres.place'), `${cluster}\n`, { mode: 0o600 });
  const runnable = (await reachable(binaries.home))
    ? binaries
    : await copyPostgres(binaries, SYSTEM_HOME);
  return { cluster, socket: await socketDir(cluster, owner), binaries: runnable, owner };
}

/** True where everybody may pass through every folder on the way. */
async function reachable(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

async function socketDir(cluster: string, owner: Owner | undefined): Promise<string> {
  const beside = `${cluster}-socket`;
  const id = createHash('sha256').update(cluster).digest('hex').slice(0, 16);
  const path =
    beside.length <= SOCKET_DIR_MAX
      ? beside
      : join(tmpdir(), `tollbook-${process.getuid?.() ?? 0}-${id}`);
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await stat(path);
  const uid = owner?.uid ?? process.getuid?.() ?? 0;
  if (owner !== undefined && found.uid === 0) await chown(path, owner.uid, owner.gid);
  else if (found.uid !== uid) {
    throw new PlatformError(
      'postgres_failed',
      `${path} belongs to another user: remove it, or set TMPDIR`,
    );
  }
  return path;
}

async function findOwner(): Promise<Owner> {
  const existing = (await lookUp('tollbook')) ?? (await lookUp('postgres'));
  if (existing !== undefined) return existing;
  const commands: [string, string[]][] = [
    [
      'useradd',
      ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', '--user-group', 'tollbook'],
    ],
    ['adduser', ['-S', '-D', '-H', '-s', '/sbin/nologin', 'tollbook']],
  ];
  let cause: unknown;
  for (const [command, args] of commands) {
    try {
      await run(command, args);
      const made = await lookUp('tollbook');
      if (made !== undefined) return made;
    } catch (error) {
      cause = error;
    }
  }
  throw new PlatformError(
    'postgres_user',
    'PostgreSQL does not run as root and no ordinary user could be made for it: create a system user "tollbook", or start as an ordinary user',
    { cause },
  );
}

async function lookUp(name: string): Promise<Owner | undefined> {
  const line = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((row) => row.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined || Number(uid) === 0) return undefined;
  return { uid: Number(uid), gid: Number(gid), name };
}
