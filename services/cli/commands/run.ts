import { createLifecycle, createLogger, createMetrics } from '#platform';
import { CliError } from '../errors.ts';
import type { Command } from '../command.ts';
import { roleNames, roles } from '../roles/index.ts';
import { connectSupervisor } from '../roles/supervised.ts';

export const runCommand: Command = {
  name: 'run',
  usage: roleNames.map((name) => `run ${name}`),
  details: [
    'What `up` starts as child processes, each to be run by itself on a cluster. Logs are NDJSON on standard error.',
  ],
  options: {},
  maxArgs: 1,
  async run({ config, args }) {
    const [name = ''] = args;
    const load = roles[name];
    if (load === undefined)
      throw new CliError('usage', `run takes one role: ${roleNames.join(', ')}`);
    const logger = createLogger({ level: config.logLevel, name });
    const lifecycle = createLifecycle(logger);
    lifecycle.listen();
    const metrics = createMetrics(name);
    const supervisor = connectSupervisor({
      metrics,
      onLost: () => lifecycle.stop('the supervisor is gone'),
    });
    let failure: unknown;
    const fail = (error: unknown): void => {
      failure ??= error;
      logger.fatal({ err: error }, `${name} cannot go on`);
      void lifecycle.stop('failed');
    };
    const stopped = new Promise<void>((resolve) =>
      lifecycle.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    try {
      const role = await load();
      await role({ config, logger, lifecycle, metrics, supervisor, fail });
      await stopped;
      if (failure !== undefined) throw failure;
    } finally {
      await lifecycle.stop('the role ended');
      supervisor.disconnect();
    }
  },
};
