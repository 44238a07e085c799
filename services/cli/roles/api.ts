import { fileURLToPath } from 'node:url';
import { createApi, createAuthenticate, createOidcVerifier, createTokenStore } from '#api';
import type { Authenticate, Routes, TokenStore } from '#api';
import { identify } from '#ingest';
import type { Ingest, Intake } from '#ingest';
import type { Config } from '#platform';
import type { Vault } from '#vault';
import { intakeRoutes } from '../../api/routes/intake.ts';
import { CliError } from '../errors.ts';
import { dataFolder } from '../place.ts';
import { openIngest } from '../wiring/ingest.ts';
import { instanceOf } from '../wiring/instance.ts';
import { openLedger } from '../wiring/ledger.ts';
import type { Ledger } from '../wiring/ledger.ts';
import { openViews } from '../wiring/views.ts';
import type { RoleContext } from './role.ts';

const CONSOLE = fileURLToPath(new URL('../../console', import.meta.url));

/** The HTTP API, the HTTP intake and the console. */
export async function apiRole(context: RoleContext): Promise<void> {
  const { config, logger, lifecycle, metrics, supervisor } = context;
  const ledger = await openLedger({ config, logger, lifecycle, name: 'api' });
  const vault = await ledger.openVault();
  const { ingest, settings } = await openIngest(ledger, vault, metrics);
  const intake = await ingest.openIntake(`api-${await instanceOf(config.data)}`);
  lifecycle.onStop('intake', () => intake.close());
  const tokens = createTokenStore(dataFolder(config.data).tokens);
  const views = openViews(ledger);
  const app = await createApi({
    views,
    journal: ledger.journal,
    schemas: ledger.schemas,
    reader: vault.reader,
    authenticate: authenticateOf(config, tokens),
    cursorKey: await tokens.cursorKey(),
    numbers: {
      identify: (number, accountId) => identify(number, { country: config.country, accountId, messaging: false }).identifier,
      domainsOf: () => settings.domains.all(),
    },
    quarantine: quarantineOf({ ingest, intake, vault }),
    ready: readyChecks(ledger),
    clock: ledger.clock,
    logger,
    metrics,
    allMetrics: () => supervisor.allMetrics(),
    consoleFolder: CONSOLE,
    intake: intakeRoutes({ intake }) satisfies Routes,
  });
  // Closed before the intake: no request is taken that could not be answered any more.
  lifecycle.onStop('http', () => app.close());
  intake.done.catch((error: unknown) => {
    supervisor.line(`the intake ended: ${error instanceof Error ? error.message : 'for no reason given'}`);
    void lifecycle.stop('the intake ended');
    process.exitCode = 1;
  });
  const address = await listen(app, config);
  supervisor.ready(`api answers at ${address}`, address);
}

function authenticateOf(config: Config, tokens: TokenStore): Authenticate {
  const { oidcIssuer, oidcAudience, oidcAlgorithms } = config;
  const oidc =
    oidcIssuer === ''
      ? undefined
      : createOidcVerifier({
          issuer: oidcIssuer,
          audience: oidcAudience,
          algorithms: oidcAlgorithms,
          roleClaim: 'tollbook_role',
          accountClaim: 'tollbook_account',
          sourceClaim: 'tollbook_source',
        });
  return createAuthenticate({ tokens, oidc });
}

function quarantineOf({ ingest, intake, vault }: { readonly ingest: Ingest; readonly intake: Intake; readonly vault: Vault }) {
  return {
    open: (access: Parameters<Ingest['openQuarantined']>[1], row: { readonly log: string; readonly position: number }) =>
      ingest.openQuarantined(vault.reader, access, { log: row.log, position: row.position }),
    replay: (
      access: Parameters<Ingest['openQuarantined']>[1],
      row: { readonly log: string; readonly position: number; readonly replay?: { readonly attempt: number } },
    ) =>
      ingest.replayQuarantined(
        { intake, reader: vault.reader },
        { access, log: row.log, position: row.position, attempt: (row.replay?.attempt ?? 0) + 1 },
      ),
  };
}

function readyChecks({ pool, journal }: Ledger) {
  return [
    { name: 'database', check: async () => (await pool.query('select 1')).rowCount === 1 },
    {
      name: 'journal',
      check: async () => {
        await journal.head('decisions');
        return true;
      },
    },
  ];
}

async function listen(app: Awaited<ReturnType<typeof createApi>>, { host, port }: Config): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new CliError('port_in_use', `the API cannot listen on ${host}:${port} (${code}); set TOLLBOOK_PORT to another`, { cause });
  }
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${bound}`;
}
