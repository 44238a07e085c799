import { fileURLToPath } from 'node:url';
import {
  createApi,
  createAuthenticate,
  createOidcVerifier,
  createTokenStore,
  intakeRoutes,
} from '#api';
import type { Api, ApiParts, Authenticate, TokenStore } from '#api';
import { identify } from '#ingest';
import type { Ingest, IngestSettings, Intake } from '#ingest';
import type { Config, Metrics } from '#platform';
import type { Vault } from '#vault';
import { dataFolder } from '../place.ts';
import type { Ledger } from './ledger.ts';
import { openViews } from './views.ts';

export interface ApiWiring {
  readonly ledger: Ledger;
  readonly vault: Vault;
  readonly ingest: Ingest;
  readonly settings: IngestSettings;
  readonly intake: Intake;
  readonly metrics: Metrics;
  readonly allMetrics?: () => Promise<string>;
}

const CONSOLE = fileURLToPath(new URL('../../console', import.meta.url));

/** The API over a real ledger; it still has to be told to listen. */
export async function wireApi({
  ledger,
  vault,
  ingest,
  settings,
  intake,
  metrics,
  allMetrics,
}: ApiWiring): Promise<Api> {
  const { config, journal, schemas, clock, logger } = ledger;
  const tokens = createTokenStore(dataFolder(config.data).tokens);
  return createApi({
    views: openViews(ledger),
    journal,
    schemas,
    reader: vault.reader,
    authenticate: authenticateOf(config, tokens),
    cursorKey: await tokens.cursorKey(),
    numbers: {
      identify: (number, accountId) =>
        identify(number, { country: config.country, accountId, messaging: false }).identifier,
      domainsOf: () => settings.domains.all(),
    },
    quarantine: quarantineOf(ingest, intake, vault),
    ready: readyChecks(ledger),
    clock,
    logger,
    metrics,
    ...(allMetrics === undefined ? {} : { allMetrics }),
    consoleFolder: CONSOLE,
    intake: intakeRoutes({ intake }),
  });
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

function quarantineOf(ingest: Ingest, intake: Intake, { reader }: Vault): ApiParts['quarantine'] {
  return {
    open: (access, { log, position }) => ingest.openQuarantined(reader, access, { log, position }),
    replay: (access, { log, position, replay }) =>
      ingest.replayQuarantined(
        { intake, reader },
        { access, log, position, attempt: (replay?.attempt ?? 0) + 1 },
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
