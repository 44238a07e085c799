import type { Schemas } from '#events';
import type { Journal } from '#journal';
import type { Clock, Failpoint, Logger, Metrics, Pool } from '#platform';
import { createBackoff, delay } from '#platform';
import type { PointerOpener } from '#vault';
import { Counter } from 'prom-client';
import { createCloser } from './closer/closer.ts';
import { createProjector } from './engine/projector.ts';
import { createRecorder } from './usage/recorder.ts';
import { createUsageSums } from './usage/sums.ts';

export interface ProjectionsSettings {
  readonly pool: Pool;
  readonly journal: Journal;
  readonly schemas: Schemas;
  readonly pointers: PointerOpener;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  readonly failpoint?: Failpoint;
  /** How long a source must have gone on after a call's last sign of life; default 24 hours. */
  readonly closeAfterUs?: number;
}

export interface Projections {
  /** Ends the rounds in hand and lets go of the views. */
  stop(): Promise<void>;
}

const IDLE_MS = 60;
const CLOSER_MS = 30_000;
const DAY_US = 86_400_000_000;

/**
 * Keeps all views of a ledger: one process does so at a time, another waits as a stand-by. Whatever
 * is away (database, journal, keys) is waited for.
 */
export async function startProjections(settings: ProjectionsSettings): Promise<Projections> {
  const { pool, logger, metrics } = settings;
  const stopping = new AbortController();
  const events = new Counter({
    name: 'tollbook_projected_events_total',
    help: 'Events taken into the views',
    labelNames: ['family'],
    registers: metrics === undefined ? [] : [metrics],
  });

  const work = async (): Promise<void> => {
    await using projector = await createProjector(settings);
    const recorder = await createRecorder(settings);
    const sums = createUsageSums(settings);
    const closer = await createCloser({
      ...settings,
      closeAfterUs: settings.closeAfterUs ?? DAY_US,
    });
    await Promise.all([
      keepOn('records', async () => {
        const { events: count } = await projector.step();
        events.inc({ family: 'records' }, count);
        return count;
      }),
      keepOn('usage', async () => {
        const recorded = await recorder.step();
        const counted = await sums.step();
        events.inc({ family: 'usage' }, counted);
        return recorded + counted;
      }),
      keepOn('closer', () => closer.step(), CLOSER_MS),
    ]);
    await projector.flush();
  };

  /** Repeats until stopped: at once while there is something, else after a pause. */
  const keepOn = async (
    part: string,
    step: () => Promise<number>,
    idleMs = IDLE_MS,
  ): Promise<void> => {
    const backoff = createBackoff({ maxMs: 5_000 });
    while (!stopping.signal.aborted) {
      try {
        const handled = await step();
        backoff.reset();
        if (handled === 0) await delay(idleMs, stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) return;
        const waitMs = backoff.next();
        logger.warn(
          { err: error, part, waitMs: Math.round(waitMs) },
          'the views wait and try again',
        );
        await delay(waitMs, stopping.signal);
      }
    }
  };

  const lock = createWriterLock(pool, logger);
  const running = lock.whenHeld(stopping.signal, work).catch((error: unknown) => {
    logger.error({ err: error }, 'the views stopped');
  });

  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

const LOCK_MS = 1_000;

/** A session lock of the database: held while its connection lives, so a dead holder frees it. */
function createWriterLock(pool: Pool, logger: Logger) {
  return {
    async whenHeld(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
      const backoff = createBackoff({ maxMs: 5_000 });
      let told = false;
      while (!signal.aborted) {
        try {
          const client = await pool.connect();
          try {
            const result = await client.query<{ held: boolean }>(
              `select pg_try_advisory_lock(hashtext('tollbook views writer')) as held`,
            );
            if (result.rows[0]?.held === true) {
              await work();
              return;
            }
          } finally {
            client.release(true);
          }
          if (!told) logger.info('another process keeps the views; this one stands by');
          told = true;
          await delay(LOCK_MS, signal);
        } catch (error) {
          const waitMs = backoff.next();
          logger.warn(
            { err: error, waitMs: Math.round(waitMs) },
            'the views wait for the database',
          );
          await delay(waitMs, signal);
        }
      }
    },
  };
}
