import type { Metrics } from '#platform';
import { Counter, Gauge } from 'prom-client';
import type { Slice } from './slice.ts';

/** What the intake counts; a sum per source or log, never anything of a person. */
export interface IngestMetrics {
  /** A slice became durable. */
  durable(source: string, slice: Slice): void;
  /** Records behind the end of a partition. */
  lag(log: string, records: number): void;
  /** 1 while the log waits for its store or vault. */
  waiting(log: string, isWaiting: boolean): void;
  /** A caller was asked to come back later. */
  pushedBack(reason: 'overloaded' | 'store_away'): void;
}

export function createIngestMetrics(registry: Metrics): IngestMetrics {
  const registers = [registry];
  const events = new Counter({
    name: 'tollbook_ingest_events_total',
    help: 'events appended to the journal',
    labelNames: ['source'],
    registers,
  });
  const quarantined = new Counter({
    name: 'tollbook_ingest_quarantined_total',
    help: 'records that went to quarantine',
    labelNames: ['source'],
    registers,
  });
  const slices = new Counter({
    name: 'tollbook_ingest_slices_total',
    help: 'appends to the journal',
    labelNames: ['source'],
    registers,
  });
  const behind = new Gauge({
    name: 'tollbook_ingest_lag_records',
    help: 'records of a partition not yet in the journal',
    labelNames: ['log'],
    registers,
  });
  const waits = new Gauge({
    name: 'tollbook_ingest_waiting',
    help: '1 while the log waits for its store or vault',
    labelNames: ['log'],
    registers,
  });
  const refused = new Counter({
    name: 'tollbook_ingest_pushed_back_total',
    help: 'requests answered with "come back later"',
    labelNames: ['reason'],
    registers,
  });
  return {
    durable(source, slice) {
      events.inc({ source }, slice.entries.length - slice.quarantined);
      slices.inc({ source });
      if (slice.quarantined > 0) quarantined.inc({ source }, slice.quarantined);
    },
    lag: (log, records) => behind.set({ log }, records),
    waiting: (log, isWaiting) => waits.set({ log }, isWaiting ? 1 : 0),
    pushedBack: (reason) => refused.inc({ reason }),
  };
}

export const noMetrics: IngestMetrics = {
  durable: () => undefined,
  lag: () => undefined,
  waiting: () => undefined,
  pushedBack: () => undefined,
};
