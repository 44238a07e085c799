import { delay } from '#platform';

const BEAT_MS = 1_000;

/** Awaits `work` and lets the group know we live for as long as it takes. */
export async function beating<T>(work: Promise<T>, heartbeat: () => Promise<void>): Promise<T> {
  let isDone = false;
  const timer = new AbortController();
  const watched = work.finally(() => {
    isDone = true;
    timer.abort();
  });
  watched.catch(() => undefined);
  while (!isDone) {
    await Promise.race([watched, delay(BEAT_MS, timer.signal)]);
    if (!isDone) await heartbeat();
  }
  return await watched;
}
