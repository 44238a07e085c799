import { constants } from 'node:fs';
import { mkdir, open as openFile, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import sodium from 'sodium-native';
import { KEY_BYTES, open, seal } from '../boxes/aead.ts';
import { VaultError } from '../port.ts';
import type { Custodian } from './port.ts';

export interface KeyFileOptions {
  /** Made with mode 0700 when missing. */
  readonly folder: string;
  /** The data folder; the root must not lie within it, lest a copy of the data copy the root. */
  readonly outside?: string;
}

const LIVE = /^root-(\d{10})\.key$/;
/** Half-made or half-destroyed: bytes to overwrite whenever they are found. */
const DEAD = /^root-\d{10}\.(new|dying)$/;
const MAGIC = Buffer.from('tollbook root 1\n');
const CHECK_BYTES = 16;
const FILE_BYTES = MAGIC.length + KEY_BYTES + CHECK_BYTES;
const GROUP_OR_WORLD = 0o077;

/**
 * One file a generation in a folder of its own, readable by its owner alone. Destroying first takes
 * the file out of the live ones, then overwrites its bytes in place, then unlinks it, each step
 * synced; the next turn, or recovery, finishes what a crash left of it.
 *
 * @throws VaultError `root_permissions` when others may read the folder, or it lies in the data folder.
 */
export async function createKeyFileCustodian(options: KeyFileOptions): Promise<Custodian> {
  const folder = resolve(options.folder);
  if (options.outside !== undefined) refuseWithin(folder, resolve(options.outside));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await refuseReadable(folder);
  for (const file of (await readdir(folder)).filter((name) => LIVE.test(name))) {
    await refuseReadable(join(folder, file));
  }
  return custodianOf(folder);
}

function custodianOf(folder: string): Custodian {
  const generations = async () => {
    const files = await readdir(folder);
    return files
      .flatMap((file) => LIVE.exec(file)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  };
  return {
    name: `key file in ${folder}`,
    generations,
    async create(generation) {
      const highest = (await generations()).at(-1) ?? 0;
      if (generation <= highest) {
        throw new VaultError(
          'bad_request',
          `root generation ${generation} cannot be made: ${highest} exists already`,
        );
      }
      await sweep(folder);
      await writeRoot(folder, generation);
    },
    seal: (generation, key) =>
      withRoot(folder, generation, (root) => seal(1, root, aadOf(generation), key)),
    open: (generation, sealed) =>
      withRoot(folder, generation, (root) => {
        const key = open(root, aadOf(generation), sealed);
        if (key !== undefined) return key;
        throw new VaultError(
          'tampered',
          `the top of the key tree does not open under root generation ${generation}: the database and ${folder} do not belong together`,
        );
      }),
    async destroyBelow(generation) {
      for (const old of await generations()) {
        if (old >= generation) break;
        const name = nameOf(old);
        await rename(join(folder, `${name}.key`), join(folder, `${name}.dying`));
      }
      await syncFolder(folder);
      await sweep(folder);
    },
  };
}

/** Overwrites what a crash, or the lines above, left half made or half destroyed. */
async function sweep(folder: string): Promise<void> {
  const dead = (await readdir(folder)).filter((name) => DEAD.test(name));
  for (const name of dead) await overwrite(folder, name);
}

const nameOf = (generation: number) => `root-${String(generation).padStart(10, '0')}`;
const aadOf = (generation: number) => Buffer.from(`tollbook top ${generation}`);

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function refuseWithin(folder: string, data: string): void {
  const path = relative(data, folder);
  if (path !== '' && path.startsWith('..')) return;
  throw new VaultError(
    'root_permissions',
    `the root folder ${folder} lies in the data folder ${data}, so a copy of the data would hold the key to it: set TOLLBOOK_ROOT to a folder elsewhere`,
  );
}

async function refuseReadable(path: string): Promise<void> {
  const { mode, uid } = await stat(path);
  const own = process.getuid?.() ?? uid;
  if ((mode & GROUP_OR_WORLD) === 0 && uid === own) return;
  const rights = (mode & 0o777).toString(8).padStart(4, '0');
  throw new VaultError(
    'root_permissions',
    `${path} has mode ${rights} and owner ${uid}: it holds the root key, so only the user tollbook runs as (${own}) may read it (chmod go= '${path}')`,
  );
}

function checkOf(generation: number, head: Uint8Array): Buffer {
  const check = Buffer.alloc(CHECK_BYTES);
  const named = sodium.sodium_malloc(head.length + CHECK_BYTES);
  named.set(head, 0);
  named.writeUInt32BE(generation, head.length);
  sodium.crypto_generichash(check, named);
  sodium.sodium_free(named);
  return check;
}

async function writeRoot(folder: string, generation: number): Promise<void> {
  const bytes = sodium.sodium_malloc(FILE_BYTES);
  try {
    bytes.set(MAGIC, 0);
    sodium.randombytes_buf(bytes.subarray(MAGIC.length, MAGIC.length + KEY_BYTES));
    bytes.set(
      checkOf(generation, bytes.subarray(0, FILE_BYTES - CHECK_BYTES)),
      FILE_BYTES - CHECK_BYTES,
    );
    const half = join(folder, `${nameOf(generation)}.new`);
    const file = await openFile(half, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(half, join(folder, `${nameOf(generation)}.key`));
    await syncFolder(folder);
  } finally {
    sodium.sodium_memzero(bytes);
    sodium.sodium_free(bytes);
  }
}

/** Reads the root into locked memory for the time of one call. */
async function withRoot<T>(
  folder: string,
  generation: number,
  use: (root: Uint8Array) => T,
): Promise<T> {
  const path = join(folder, `${nameOf(generation)}.key`);
  const bytes = sodium.sodium_malloc(FILE_BYTES);
  try {
    await readInto(bytes, path, generation);
    const check = checkOf(generation, bytes.subarray(0, FILE_BYTES - CHECK_BYTES));
    if (!bytes.subarray(FILE_BYTES - CHECK_BYTES).equals(check)) {
      throw new VaultError('tampered', `${path} is damaged: bring it back from a vault backup`);
    }
    return use(bytes.subarray(MAGIC.length, MAGIC.length + KEY_BYTES));
  } finally {
    sodium.sodium_memzero(bytes);
    sodium.sodium_free(bytes);
  }
}

async function readInto(bytes: Buffer, path: string, generation: number): Promise<void> {
  await refuseReadableRoot(path, generation);
  const file = await openFile(path, 'r');
  try {
    const { bytesRead } = await file.read(bytes, 0, FILE_BYTES, 0);
    if (bytesRead !== FILE_BYTES) {
      throw new VaultError('tampered', `${path} is cut short: bring it back from a vault backup`);
    }
  } finally {
    await file.close();
  }
}

async function refuseReadableRoot(path: string, generation: number): Promise<void> {
  try {
    await refuseReadable(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new VaultError(
      'root_missing',
      `root generation ${generation} is not at ${path}: it was destroyed by a turn, or TOLLBOOK_ROOT names the wrong folder`,
      { cause: error },
    );
  }
}

async function overwrite(folder: string, name: string): Promise<void> {
  const path = join(folder, name);
  const file = await openFile(path, constants.O_RDWR);
  try {
    const { size } = await file.stat();
    const noise = Buffer.alloc(Math.max(size, FILE_BYTES));
    sodium.randombytes_buf(noise);
    await file.write(noise, 0, noise.length, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await unlink(path);
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await openFile(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
