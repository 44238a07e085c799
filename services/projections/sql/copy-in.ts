import type { Client } from '#platform';
import type pg from 'pg';
import { storable, writeInt8 } from './arrays.ts';

const SIGNATURE = Buffer.from([
  0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]);
const CHUNK_BYTES = 64 * 1024;

/**
 * Rows in PostgreSQL's binary COPY format, one growing buffer. COPY inserts by the page where
 * `insert` does so by the row, and nothing is parsed.
 */
export interface CopyRows {
  readonly rows: number;
  row(columns: number): void;
  uuid(id: string | undefined): void;
  text(value: string | undefined): void;
  int4(value: number | undefined): void;
  int8(value: number | undefined): void;
  bytes(value: Uint8Array | undefined): void;
  /** Runs `statement` (copy … from stdin (format binary)) with the rows, and is empty again. */
  send(client: Client, statement: string): Promise<void>;
  /** Drops what was collected. */
  clear(): void;
}

export function createCopyRows(): CopyRows {
  let buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let at = start(buffer);
  let rows = 0;

  const room = (bytes: number): void => {
    if (at + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + bytes));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  };
  const absent = (): void => {
    room(4);
    at = buffer.writeInt32BE(-1, at);
  };

  return {
    get rows() {
      return rows;
    },
    row(columns) {
      room(2);
      at = buffer.writeInt16BE(columns, at);
      rows += 1;
    },
    uuid(id) {
      if (id === undefined) return absent();
      room(20);
      at = buffer.writeInt32BE(16, at);
      at += buffer.write(id, at, 16, 'hex');
    },
    text(value) {
      if (value === undefined) return absent();
      room(4 + value.length * 3);
      const length = buffer.write(storable(value), at + 4, 'utf8');
      buffer.writeInt32BE(length, at);
      at += 4 + length;
    },
    int4(value) {
      if (value === undefined) return absent();
      room(8);
      at = buffer.writeInt32BE(4, at);
      at = buffer.writeInt32BE(value, at);
    },
    int8(value) {
      if (value === undefined) return absent();
      room(12);
      at = buffer.writeInt32BE(8, at);
      at = writeInt8(buffer, value, at);
    },
    bytes(value) {
      if (value === undefined) return absent();
      room(4 + value.length);
      at = buffer.writeInt32BE(value.length, at);
      buffer.set(value, at);
      at += value.length;
    },
    async send(client, statement) {
      room(2);
      at = buffer.writeInt16BE(-1, at);
      // When the server has answered, nobody reads the memory any more: it serves again.
      await copyIn(client, statement, buffer.subarray(0, at));
      at = start(buffer);
      rows = 0;
    },
    clear() {
      buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      at = start(buffer);
      rows = 0;
    },
  };
}

function start(buffer: Buffer): number {
  return SIGNATURE.copy(buffer, 0);
}

/** What pg calls on a query object; see the same shape in pg-copy-streams. */
function copyIn(client: Client, statement: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const query = {
      submit(connection: pg.Connection) {
        connection.query(statement);
      },
      handleCopyInResponse(connection: pg.Connection & CopyConnection) {
        for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
          connection.sendCopyFromChunk(bytes.subarray(from, from + CHUNK_BYTES));
        }
        connection.endCopyFrom();
      },
      handleRowDescription() {},
      handleDataRow() {},
      handleCommandComplete() {},
      handleEmptyQuery() {},
      handlePortalSuspended() {},
      handleError: reject,
      handleReadyForQuery() {
        resolve();
      },
    };
    client.query(query);
  });
}

/** Two methods of pg's connection that its types leave out. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}
