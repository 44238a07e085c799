import { readFile } from 'node:fs/promises';
import type { Logger } from '#platform';

/** Compressed memory, and device-mapper volumes, which are mostly encrypted. */
const NO_DISK = /^\/dev\/(zram|dm-|mapper\/)/;

/** Swap areas of /proc/swaps that may write memory to a disk in clear. */
export function plainSwap(procSwaps: string): string[] {
  return procSwaps
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split(/\s+/)[0] ?? [])
    .filter((area) => area !== '' && !NO_DISK.test(area));
}

/** Root and upper nodes are locked in memory; slots, box keys and plaintext are not. */
export async function warnOfSwap(logger: Logger): Promise<void> {
  // Systems without /proc tell nothing; there is nothing to warn of then.
  const areas = plainSwap(await readFile('/proc/swaps', 'utf8').catch(() => ''));
  if (areas.length === 0) return;
  logger.warn(
    { areas },
    'this machine swaps to a disk that looks unencrypted, so keys and numbers may reach it: turn swap off or encrypt it',
  );
}
