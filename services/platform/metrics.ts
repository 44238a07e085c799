import { Registry, collectDefaultMetrics } from 'prom-client';

export type Metrics = Registry;

/** A registry of its own per process; `role` is on every series. */
export function createMetrics(role: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry, prefix: 'tollbook_' });
  return registry;
}
