import { createLogger } from '#platform';
import type { Config } from '#platform';
import { CliError } from '../errors.ts';
import { dataFolder, readRunning } from '../place.ts';
import { openLedger } from './ledger.ts';
import type { Ledger } from './ledger.ts';

/**
 * Runs `work` on the ledger itself, not through the API: for what needs the root folder, or takes
 * long and is to be taken up again. The database is the one of the tollbook that is up, unless
 * TOLLBOOK_DATABASE names another.
 *
 * @throws CliError `not_running`
 */
export async function withLocalLedger<T>(
  config: Config,
  name: string,
  work: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  const databaseUrl =
    config.databaseUrl === ''
      ? (await readRunning(dataFolder(config.data)))?.databaseUrl
      : config.databaseUrl;
  if (databaseUrl === undefined) {
    throw new CliError(
      'not_running',
      `no tollbook is up on ${config.data}; start it with "npm start" or "tollbook up"`,
    );
  }
  const closers: (() => Promise<void> | void)[] = [];
  const lifecycle = {
    onStop: (_name: string, close: () => Promise<void> | void) => void closers.push(close),
  };
  const logger = createLogger({
    level: config.logLevel === 'info' ? 'warn' : config.logLevel,
    name,
  });
  try {
    return await work(
      await openLedger({
        config: { ...config, databaseUrl },
        logger,
        lifecycle,
        name,
        connections: 8,
      }),
    );
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** Aborts at the first Ctrl-C, so that what was begun ends cleanly; the second ends at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}
