import type { Logger } from '#platform';
import { createBackoff, delay, isDatabaseAway } from '#platform';
import { VaultError } from './port.ts';

const SAY_EVERY_MS = 30_000;
/** serialization_failure, deadlock_detected, lock_not_available, too_many_connections */
const PASSING = new Set(['40001', '40P01', '55P03', '53300']);

/** What this vault, its custodian and the decision log answer while they are away. */
const AWAY = new Set(['unavailable', 'unknown']);

/** True where the same call may succeed later without anybody doing anything. */
export function mayPass(error: unknown): boolean {
  if (isDatabaseAway(error)) return true;
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return false;
  return AWAY.has(error.code) || PASSING.has(error.code);
}

/**
 * Runs `work` until it succeeds, or fails for a reason that waiting does not mend. Says that it waits
 * at once and then every half minute.
 */
export async function waitFor<T>(
  work: () => Promise<T>,
  { logger, what, signal }: { logger: Logger; what: string; signal: AbortSignal },
): Promise<T> {
  const backoff = createBackoff({ firstMs: 50, maxMs: 5_000 });
  let saidAt = -Infinity;
  for (;;) {
    try {
      const result = await work();
      if (saidAt > 0) logger.info(`${what}: the vault answers again`);
      return result;
    } catch (error) {
      if (!mayPass(error) || signal.aborted) throw error;
      if (performance.now() - saidAt > SAY_EVERY_MS) {
        saidAt = performance.now();
        logger.warn({ err: error }, `${what} waits: the vault's database or custodian is away`);
      }
      await delay(backoff.next(), signal);
    }
  }
}

/** What a caller that does not wait is told. */
export function asUnavailable(error: unknown): unknown {
  if (error instanceof VaultError || !mayPass(error)) return error;
  return new VaultError(
    'unavailable',
    'the database of the vault is away, so no key can be read: ask again when it is back',
    { cause: error },
  );
}
