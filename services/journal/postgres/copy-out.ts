import type pg from 'pg';
import { JournalError } from '../port.ts';

/** Header of the binary COPY format: signature, flags and length of the extension. */
const HEADER_BYTES = 19;
const END = -1;

/**
 * Runs `copy (query) to stdout (format binary)` and resolves with its rows, each field as the bytes
 * PostgreSQL sends for its type (null: undefined). An ordinary result would pass every byte through
 * text: bytea doubles as hex, and pg decodes no binary result.
 */
export async function copyOut(
  client: pg.PoolClient,
  query: string,
  silentMsMax: number,
): Promise<(Buffer | undefined)[][]> {
  const chunks: Buffer[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(silent(silentMsMax)), silentMsMax);
      const onChunk = (chunk: Buffer) => {
        chunks.push(chunk);
        timer?.refresh();
      };
      client.query(
        copyStatement(`copy (${query}) to stdout (format binary)`, { onChunk, resolve, reject }),
      );
    });
  } finally {
    clearTimeout(timer);
  }
  return parseRows(Buffer.concat(chunks));
}

interface Listener {
  onChunk(chunk: Buffer): void;
  resolve(): void;
  reject(error: unknown): void;
}

/** What pg calls on a query object; see the same shape in pg-copy-streams. */
function copyStatement(text: string, { onChunk, resolve, reject }: Listener): pg.Submittable {
  const statement = {
    submit(connection: pg.Connection) {
      connection.query(text);
    },
    handleCopyData(message: { readonly chunk: Buffer }) {
      // pg's parser reuses the memory behind the chunk.
      onChunk(Buffer.from(message.chunk));
    },
    handleRowDescription() {},
    handleDataRow() {},
    handleCommandComplete() {},
    handleEmptyQuery() {},
    handlePortalSuspended() {},
    handleError: reject,
    handleReadyForQuery: resolve,
  };
  return statement;
}

function silent(ms: number): JournalError {
  return new JournalError(
    'unavailable',
    `the journal database sent nothing for ${ms} ms; it is asked again`,
  );
}

function parseRows(bytes: Buffer): (Buffer | undefined)[][] {
  const rows: (Buffer | undefined)[][] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const fields = bytes.readInt16BE(at);
    at += 2;
    if (fields === END) return rows;
    const row: (Buffer | undefined)[] = [];
    for (let i = 0; i < fields; i += 1) {
      const length = bytes.readInt32BE(at);
      at += 4;
      row.push(length === END ? undefined : bytes.subarray(at, at + length));
      at += Math.max(0, length);
    }
    rows.push(row);
  }
}
