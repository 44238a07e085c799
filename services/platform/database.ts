import pg from 'pg';

export type Pool = pg.Pool;
export type Client = pg.ClientBase;

export interface PoolOptions {
  readonly url: string;
  /** Connections at most. */
  readonly max: number;
  /** Shown in pg_stat_activity. */
  readonly name: string;
}

const INT8 = 20;

/** Every bigint column holds positions, µs or counts: integers below 2^53. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError('a bigint column left the range of integers');
  return value;
}

/**
 * A pool whose int8 columns arrive as numbers. Commits wait for the disk whatever the server's
 * default says, and a statement's parameters never reach the server's log.
 */
export function createPool({ url, max, name }: PoolOptions): Pool {
  const types: pg.CustomTypesConfig = {
    getTypeParser(oid: number, format?: 'text' | 'binary') {
      if (oid === INT8 && format !== 'binary') return parseInt8;
      return format === 'binary'
        ? pg.types.getTypeParser(oid, 'binary')
        : pg.types.getTypeParser(oid, 'text');
    },
  };
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    application_name: `tollbook ${name}`,
    options: '-c synchronous_commit=on -c jit=off -c TimeZone=UTC -c client_min_messages=warning',
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection that the server closed is replaced at its next use; without a listener the
  // event would end the process.
  pool.on('error', () => undefined);
  // The same for a connection in use: its query rejects besides, and that is where it is handled.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Runs `work` in one transaction; what it throws rolls back and is thrown on. */
export async function withTransaction<T>(
  pool: Pool,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    try {
      await client.query('rollback');
    } catch (cause) {
      broken = cause instanceof Error ? cause : new Error('rollback failed');
    }
    throw error;
  } finally {
    client.release(broken);
  }
}

const CONNECTION_CLASSES = new Set(['08', '57']);
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);

/** True where the database is away and the same call may succeed later. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (NETWORK_CODES.has(code) || (code.length === 5 && CONNECTION_CLASSES.has(code.slice(0, 2))))
    return true;
  // pg gives these two no code.
  return (
    code === '' &&
    /^(Connection terminated|timeout exceeded when trying to connect)/.test(error.message)
  );
}
