import { createRegistryClient, createWireDecoder } from '#events';
import { createIngest, createIngestMetrics, loadIngestSettings } from '#ingest';
import type { Ingest, IngestSettings } from '#ingest';
import type { Metrics } from '#platform';
import type { Vault } from '#vault';
import type { Ledger } from './ledger.ts';

/** Every way in, wired to the ledger; schemas come from the registry where one is configured. */
export async function openIngest(
  ledger: Ledger,
  vault: Vault,
  metrics?: Metrics,
): Promise<{ ingest: Ingest; settings: IngestSettings }> {
  const { config, journal, schemas, clock, logger, failpoint } = ledger;
  const settings = await loadIngestSettings(config);
  const { sources, domains, latenessDays } = settings;
  const ingest = createIngest({
    journal,
    sealer: vault.sealer,
    schemas,
    wire:
      config.registry === ''
        ? undefined
        : createWireDecoder({ schemas, registry: registryOf(ledger) }),
    clock,
    logger,
    sources,
    domains,
    latenessDays,
    metrics: metrics === undefined ? undefined : createIngestMetrics(metrics),
    failpoint,
  });
  return { ingest, settings };
}

function registryOf({ config, logger }: Ledger) {
  const { registry, registryUser, registryPassword } = config;
  return createRegistryClient({
    url: registry,
    ...(registryUser === ''
      ? {}
      : { credentials: { user: registryUser, password: registryPassword } }),
    logger,
  });
}
