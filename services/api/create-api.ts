import type { Schemas } from '#events';
import type { Journal } from '#journal';
import type { Clock, Logger, Metrics } from '#platform';
import type { CdrRow } from '#projections';
import type { Reader } from '#vault';
import type { Authenticate } from './auth/authenticate.ts';
import type { Principal } from './auth/principal.ts';
import { communicationOf } from './communication.ts';
import { createCursorCodec } from './cursor.ts';
import type { Api, Routes } from './fastify.ts';
import type { NumberSearchDeps } from './number-search.ts';
import { createNumberSearch } from './number-search.ts';
import { createOpening } from './opening.ts';
import { communicationRoutes } from './routes/communications.ts';
import { healthRoutes } from './routes/health.ts';
import type { ReadyCheck } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { pageRoutes } from './routes/pages.ts';
import { quarantineRoutes } from './routes/quarantine.ts';
import type { QuarantineDeps } from './routes/quarantine.ts';
import { statusBody, statusRoutes } from './routes/status.ts';
import { streamRoutes } from './routes/stream.ts';
import { usageRoutes } from './routes/usage.ts';
import { createServer } from './server.ts';
import { createStatusFeed } from './status-feed.ts';
import { createTimeline } from './timeline.ts';
import type { Views } from './views.ts';

export interface ApiParts {
  readonly views: Views;
  readonly journal: Journal;
  readonly schemas: Schemas;
  readonly reader: Reader;
  readonly authenticate: Authenticate;
  /** 32 bytes; cursors outlive a restart when it does. */
  readonly cursorKey: Uint8Array;
  readonly numbers: Pick<NumberSearchDeps, 'identify' | 'domainsOf'>;
  readonly quarantine: Pick<QuarantineDeps, 'open' | 'replay'>;
  readonly ready: readonly ReadyCheck[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Prometheus text of every process that is run together; this one's alone when absent. */
  readonly allMetrics?: () => Promise<string>;
  /** Folder of the console's files. */
  readonly consoleFolder: string;
  /** The intake's routes. */
  readonly intake?: Routes;
}

/** Communications the live stream carries. */
const LATEST = 25;

/** Wires every route; the server still has to be told to listen. */
export async function createApi(parts: ApiParts): Promise<Api> {
  const { views, journal, schemas, reader, clock, logger, metrics } = parts;
  const cursors = createCursorCodec(parts.cursorKey);
  const opening = createOpening({ reader, schemas, logger });
  const timeline = createTimeline({ journal, schemas });
  const numbers = createNumberSearch({ reader, clock, ...parts.numbers });
  const status = createStatusFeed({
    viewStatus: views.viewStatus,
    countQuarantined: views.countQuarantined,
    clock,
  });
  const snapshot = async (caller: Principal) => {
    const [now, latest, finished] = await Promise.all([
      status.read(),
      views.listCdrs({ limit: LATEST }),
      views.listCdrs({ limit: LATEST, status: 'final' }),
    ]);
    const shown = (rows: readonly CdrRow[]) => rows.map((row) => communicationOf(row, caller));
    return { status: statusBody(now), latest: shown(latest.rows), finished: shown(finished.rows) };
  };
  const allMetrics = parts.allMetrics ?? (() => metrics.metrics());
  return createServer({
    authenticate: parts.authenticate,
    logger,
    metrics,
    routes: [
      communicationRoutes({ views, timeline, opening, cursors }),
      historyRoutes({ views, numbers, opening, cursors }),
      usageRoutes({ views, cursors }),
      quarantineRoutes({ views, cursors, ...parts.quarantine }),
      statusRoutes({ status }),
      streamRoutes({ snapshot, authenticate: parts.authenticate }),
      healthRoutes({ checks: parts.ready, allMetrics, contentType: metrics.contentType }),
      pageRoutes({ directory: parts.consoleFolder }),
      ...(parts.intake === undefined ? [] : [parts.intake]),
    ],
  });
}
