import { createLifecycle, createLogger, createMetrics, loadConfig } from '#platform';
import type { Metrics } from '#platform';
import { openLedger, type Ledger } from '../../../services/cli/wiring/ledger.ts';

/** What a bench-only role stands on; wired as the product's roles are. */
export interface BenchProcess {
  readonly ledger: Ledger;
  readonly metrics: Metrics;
  onStop(name: string, close: () => Promise<void> | void): void;
  ready(line: string): void;
}

export async function openProcess(name: string): Promise<BenchProcess> {
  const config = loadConfig(process.env);
  const logger = createLogger({ level: config.logLevel, name });
  const lifecycle = createLifecycle(logger);
  lifecycle.listen();
  const ledger = await openLedger({ config, logger, lifecycle, name });
  lifecycle.signal.addEventListener('abort', () => process.disconnect());
  return {
    ledger,
    metrics: createMetrics(name),
    onStop: (part, close) => lifecycle.onStop(part, close),
    ready: (line) => void process.send?.({ type: 'ready', line }),
  };
}
