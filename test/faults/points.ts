import type { RoleName } from '../support/role-process.ts';

/** A place where something dies at once. */
export interface FaultPoint {
  /** The failpoint of the product, or what the harness itself kills. */
  readonly name: string;
  /** Who dies there: a role, or the database. */
  readonly dies: RoleName | 'database';
  readonly what: string;
  /** The highest time at which it is reached that a seed may draw. */
  readonly timesMax: number;
  /** Slices must fill up for it to be reached: that takes more traffic. */
  readonly needsLoad?: true;
}

export const points: readonly FaultPoint[] = [
  {
    name: 'ingest.mid_slice',
    dies: 'ingest',
    what: 'in mid-batch, a full slice in hand',
    timesMax: 2,
    needsLoad: true,
  },
  { name: 'ingest.before_append', dies: 'ingest', what: 'sealed, not appended', timesMax: 6 },
  {
    name: 'ingest.after_append',
    dies: 'ingest',
    what: 'appended, offset not committed',
    timesMax: 6,
  },
  { name: 'ingest.rebalance', dies: 'ingest', what: 'partitions change hands', timesMax: 1 },
  {
    name: 'vault.keys.inserted',
    dies: 'ingest',
    what: 'new keys sent, their commit unknown',
    timesMax: 4,
  },
  { name: 'vault.keys.durable', dies: 'ingest', what: 'new keys durable, unused', timesMax: 4 },
  {
    name: 'projections.mid_projection',
    dies: 'project',
    what: 'views written, not committed',
    timesMax: 5,
  },
  {
    name: 'projections.after_commit',
    dies: 'project',
    what: 'views committed, memory lost',
    timesMax: 5,
  },
  {
    name: 'projections.usage_appended',
    dies: 'project',
    what: 'usage told, outbox not cleared',
    timesMax: 4,
  },
  { name: 'database', dies: 'database', what: 'PostgreSQL dies under everyone', timesMax: 1 },
];
