import type pg from 'pg';

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
): Promise<(Buffer | undefined)[][]> {
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    client.query(copyStatement(`copy (${query}) to stdout (format binary)`, resolve, reject));
  });
  return parseRows(bytes);
}

/** What pg calls on a query object; see the same shape in pg-copy-streams. */
function copyStatement(
  text: string,
  resolve: (bytes: Buffer) => void,
  reject: (error: unknown) => void,
): pg.Submittable {
  const chunks: Buffer[] = [];
  const statement = {
    submit(connection: pg.Connection) {
      connection.query(text);
    },
    handleCopyData(message: { readonly chunk: Buffer }) {
      // pg's parser reuses the memory behind the chunk.
      chunks.push(Buffer.from(message.chunk));
    },
    handleRowDescription() {},
    handleDataRow() {},
    handleCommandComplete() {},
    handleEmptyQuery() {},
    handlePortalSuspended() {},
    handleError: reject,
    handleReadyForQuery() {
      resolve(Buffer.concat(chunks));
    },
  };
  return statement;
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
