import { AggregatorRegistry } from 'prom-client';
import type { MetricObject } from 'prom-client';
import type { Metrics } from '#platform';
import { isMessage } from '../up/messages.ts';
import type { FromRole, ToRole } from '../up/messages.ts';

/** A role's line to the `up` that started it; without one, what it says goes nowhere. */
export interface SupervisorLink {
  ready(line: string, url?: string): void;
  line(line: string): void;
  /** It cannot go on without a decision; see FromRole. */
  halted(line: string): void;
  /** The metrics of this role and of every other one that `up` runs, in Prometheus' text format. */
  allMetrics(): Promise<string>;
  disconnect(): void;
}

export interface SupervisorLinkOptions {
  readonly metrics: Metrics;
  /** The supervisor was killed: nobody would stop this role any more. */
  readonly onLost: () => Promise<void>;
}

const COLLECT_MS = 1_500;

export function connectSupervisor({ metrics, onLost }: SupervisorLinkOptions): SupervisorLink {
  const connected = process.send !== undefined;
  const waiting = new Map<number, (others: readonly (readonly MetricObject[])[]) => void>();
  let nextId = 1;
  const tell = (message: FromRole): void => {
    if (process.connected) process.send?.(message);
  };
  if (connected) {
    process.on('disconnect', () => void onLost());
    process.on('message', (raw) => {
      if (!isMessage(raw)) return;
      // The supervisor is this program in this version.
      const message = raw as ToRole;
      if (message.type === 'collected') waiting.get(message.id)?.(message.metrics);
      if (message.type === 'metrics?') {
        void metrics
          .getMetricsAsJSON()
          .then((own) => tell({ type: 'metrics', id: message.id, metrics: own }));
      }
    });
  }
  const others = async (): Promise<readonly (readonly MetricObject[])[]> => {
    if (!process.connected) return [];
    const id = nextId++;
    const answer = new Promise<readonly (readonly MetricObject[])[]>((resolve) => {
      waiting.set(id, resolve);
      setTimeout(resolve, COLLECT_MS, []).unref();
    });
    tell({ type: 'collect', id });
    return answer.finally(() => waiting.delete(id));
  };
  return {
    ready: (line, url) => tell({ type: 'ready', line, ...(url === undefined ? {} : { url }) }),
    line: (line) => tell({ type: 'line', line }),
    halted: (line) => tell({ type: 'halted', line }),
    async allMetrics() {
      const all = [await metrics.getMetricsAsJSON(), ...(await others())];
      return AggregatorRegistry.aggregate(all.map((one) => [...one])).metrics();
    },
    disconnect: () => {
      if (process.connected) process.disconnect();
    },
  };
}
