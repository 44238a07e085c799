import type { Logger } from './logger.ts';

export interface Lifecycle {
  /** Aborts when a stop was asked for. */
  readonly signal: AbortSignal;
  /** Registers what to close; closed in reverse order. */
  onStop(name: string, close: () => Promise<void> | void): void;
  /** Closes everything once; later calls wait for the first. */
  stop(reason: string): Promise<void>;
}

/**
 * Ordered shutdown of a process: SIGINT and SIGTERM stop it cleanly, a second one ends it at once
 * (which loses nothing, only time at the next start).
 */
export function createLifecycle(logger: Logger): Lifecycle & { listen(): void } {
  const controller = new AbortController();
  const closers: { name: string; close: () => Promise<void> | void }[] = [];
  let stopping: Promise<void> | undefined;

  const closeAll = async (reason: string): Promise<void> => {
    logger.info({ reason }, 'stopping');
    controller.abort(new Error(reason));
    for (const { name, close } of closers.toReversed()) {
      try {
        await close();
      } catch (error) {
        logger.error({ err: error, part: name }, 'could not close cleanly');
        process.exitCode = 1;
      }
    }
  };
  const stop = (reason: string): Promise<void> => (stopping ??= closeAll(reason));

  return {
    signal: controller.signal,
    onStop: (name, close) => void closers.push({ name, close }),
    stop,
    listen() {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.on(signal, () => {
          if (stopping !== undefined) process.exit(130);
          void stop(signal);
        });
      }
    },
  };
}
