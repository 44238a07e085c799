import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after `ms`, or at once when `signal` aborts (it does not reject: look at the signal). */
export async function delay(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

export interface Backoff {
  /** Milliseconds to wait before the next try: doubles up to `maxMs`, half of it drawn at random. */
  next(): number;
  reset(): void;
}

export function createBackoff({ firstMs = 100, maxMs = 10_000 } = {}): Backoff {
  let attempt = 0;
  return {
    next() {
      const full = Math.min(maxMs, firstMs * 2 ** attempt);
      attempt += 1;
      return full / 2 + (Math.random() * full) / 2;
    },
    reset() {
      attempt = 0;
    },
  };
}
