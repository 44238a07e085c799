import type { Schemas, WireDecoder } from '#events';
import type { Journal } from '#journal';
import type { Clock, Failpoint, Logger } from '#platform';
import type { Sealer } from '#vault';
import type { LoadedIdKeys } from './ids/id-keys.ts';
import { createIdKeys } from './ids/id-keys.ts';
import type { IngestMetrics } from './metrics.ts';
import { noMetrics } from './metrics.ts';
import type { NumberCache } from './numbers/number-cache.ts';
import { createNumberCache } from './numbers/number-cache.ts';
import type { Domains, Sources } from './sources.ts';

/** What every way in is built from. */
export interface IngestParts {
  readonly journal: Journal;
  readonly sealer: Sealer;
  readonly schemas: Schemas;
  /** Absent where no registry is configured. */
  readonly wire?: WireDecoder | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sources: Sources;
  readonly domains: Domains;
  /** L in days. */
  readonly latenessDays: number;
  readonly metrics?: IngestMetrics | undefined;
  readonly failpoint?: Failpoint | undefined;
}

/** The parts with what one process shares between its ways in. */
export interface SharedParts extends IngestParts {
  readonly idKeys: LoadedIdKeys;
  readonly numbers: NumberCache;
  readonly metrics: IngestMetrics;
  readonly failpoint: Failpoint;
  readonly latenessUs: number;
}

const US_PER_DAY = 86_400_000_000;

export function shareParts(parts: IngestParts): SharedParts {
  return {
    ...parts,
    idKeys: createIdKeys(parts.sealer),
    numbers: createNumberCache(),
    metrics: parts.metrics ?? noMetrics,
    failpoint: parts.failpoint ?? (() => undefined),
    latenessUs: parts.latenessDays * US_PER_DAY,
  };
}
