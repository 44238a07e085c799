import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { CliError } from '../errors.ts';

/** Held by the one tollbook that runs on a data folder. */
export interface FolderLock {
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  /** When that process began, as the system tells it: a pid is used again, a birth is not. */
  readonly born: string;
}

/**
 * Takes the lock, or says who holds it. A lock whose process is gone is taken over; `link` decides
 * between two that try at once.
 *
 * @throws CliError `already_running`
 */
export async function lockFolder(file: string): Promise<FolderLock> {
  const mine = `${file}.${process.pid}`;
  const holder: Holder = { pid: process.pid, born: await birthOf(process.pid) };
  await writeFile(mine, JSON.stringify(holder), { mode: 0o600 });
  try {
    for (let tries = 0; tries < 5; tries += 1) {
      if (await linked(mine, file)) return { release: () => rm(file, { force: true }) };
      const other = await readHolder(file);
      if (other !== undefined && (await isAlive(other))) {
        throw new CliError(
          'already_running',
          `tollbook is up on this data folder already (process ${other.pid}); stop it first, or set TOLLBOOK_DATA to another folder`,
        );
      }
      await removeStale(file, other);
    }
  } finally {
    await rm(mine, { force: true });
  }
  throw new CliError(
    'already_running',
    'another tollbook is starting on this data folder just now',
  );
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves the stale lock aside; puts it back when somebody renewed it in between. */
async function removeStale(file: string, stale: Holder | undefined): Promise<void> {
  const aside = `${file}.stale.${process.pid}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  const moved = await readHolder(aside);
  if (moved !== undefined && (moved.pid !== stale?.pid || moved.born !== stale.born))
    await linked(aside, file);
  await rm(aside, { force: true });
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('pid' in value) || typeof value.pid !== 'number' || !('born' in value)) return undefined;
    return { pid: value.pid, born: String(value.born) };
  } catch {
    // Half written or gone: nobody holds it.
    return undefined;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const born = await birthOf(holder.pid);
  return born === '' || born === holder.born;
}

/** Start time in clock ticks since boot plus the boot's own id, where /proc tells; else empty. */
async function birthOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()}/${ticks}`;
  } catch {
    return '';
  }
}
