import type { Pool } from '#platform';
import type { Head } from '../port.ts';
import { onConnection, run } from './connection.ts';

const FIND = {
  name: 'journal_log_find',
  text: 'select id from journal.logs where name = $1',
};
const ADD = {
  name: 'journal_log_add',
  text: 'insert into journal.logs (name) values ($1) on conflict (name) do nothing',
};
const HEAD = {
  name: 'journal_head',
  text: 'select position, resume, dropped_through from journal.logs where id = $1',
};

export interface LogRow {
  readonly position: number;
  readonly resume: number | null;
  readonly dropped_through: number;
}

/** Log names and their numbers, which never change. */
export interface Logs {
  find(log: string): Promise<number | undefined>;
  findOrAdd(log: string): Promise<number>;
  row(id: number): Promise<LogRow | undefined>;
}

export function createLogs(pool: Pool): Logs {
  const known = new Map<string, number>();
  async function find(log: string): Promise<number | undefined> {
    const cached = known.get(log);
    if (cached !== undefined) return cached;
    const [row] = await onConnection(pool, (client) => run<{ id: number }>(client, FIND, [log]));
    if (row !== undefined) known.set(log, row.id);
    return row?.id;
  }
  return {
    find,
    async findOrAdd(log) {
      for (;;) {
        const id = await find(log);
        if (id !== undefined) return id;
        await onConnection(pool, (client) => run(client, ADD, [log]));
      }
    },
    async row(id) {
      const [row] = await onConnection(pool, (client) => run<LogRow>(client, HEAD, [id]));
      return row;
    },
  };
}

export async function readHead(logs: Logs, log: string): Promise<Head | undefined> {
  const id = await logs.find(log);
  const row = id === undefined ? undefined : await logs.row(id);
  if (row === undefined || row.position === 0) return undefined;
  return row.resume === null
    ? { position: row.position }
    : { position: row.position, resume: row.resume };
}
