import type { Api } from '#api';
import type { Config } from '#platform';
import { CliError } from '../errors.ts';
import { wireApi } from '../wiring/api.ts';
import { openIngest } from '../wiring/ingest.ts';
import { instanceOf } from '../wiring/instance.ts';
import { openLedger } from '../wiring/ledger.ts';
import type { RoleContext } from './role.ts';

/** The HTTP API, the HTTP intake and the console. */
export async function apiRole(context: RoleContext): Promise<void> {
  const { config, logger, lifecycle, metrics, supervisor, fail } = context;
  const ledger = await openLedger({ config, logger, lifecycle, name: 'api' });
  const vault = await ledger.openVault();
  const { ingest, settings } = await openIngest(ledger, vault, metrics);
  const intake = await ingest.openIntake(`api-${await instanceOf(config.data)}`);
  lifecycle.onStop('intake', () => intake.close());
  const app = await wireApi({
    ledger,
    vault,
    ingest,
    settings,
    intake,
    metrics,
    allMetrics: () => supervisor.allMetrics(),
  });
  // Closed before the intake: no request is taken that could not be answered any more.
  lifecycle.onStop('http', () => app.close());
  intake.done.catch(fail);
  const address = await listen(app, config);
  supervisor.ready(`api answers at ${address}`, address);
}

async function listen(app: Api, { host, port }: Config): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new CliError(
      'port_in_use',
      `the API cannot listen on ${host}:${port} (${code}); set TOLLBOOK_PORT to another`,
      { cause },
    );
  }
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${bound}`;
}
