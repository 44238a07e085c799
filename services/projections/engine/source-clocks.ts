import type { Client } from '#platform';
import type { Contribution } from '#records';
import { CLOSED_BY_TIMEOUT } from '#records';
import { int8Array, textArray } from '../sql/arrays.ts';

/** How far each source's own time has come in each log, gathered over a transaction. */
export interface SourceClocks {
  hear(contribution: Contribution): void;
  write(client: Client, recordedAt: ReadonlyMap<number, number>): Promise<void>;
}

interface Reading {
  readonly source: string;
  readonly logNo: number;
  lastAt: number;
}

export function createSourceClocks(): SourceClocks {
  let readings = new Map<string, Reading>();
  return {
    hear({ source, log, time, type }) {
      if (type === CLOSED_BY_TIMEOUT) return;
      const key = `${log} ${source}`;
      const reading = readings.get(key);
      if (reading === undefined) readings.set(key, { source, logNo: log, lastAt: time });
      else if (time > reading.lastAt) reading.lastAt = time;
    },
    async write(client, recordedAt) {
      const all = [...readings.values()];
      readings = new Map();
      if (all.length === 0) return;
      await client.query({
        name: 'views source clocks',
        text: `insert into views.source_clock as c (source, log_no, last_at, recorded_at)
               select * from unnest($1::text[], $2::int8[], $3::int8[], $4::int8[])
               on conflict (source, log_no) do update
                 set last_at = greatest(c.last_at, excluded.last_at), recorded_at = greatest(c.recorded_at, excluded.recorded_at)`,
        values: [
          textArray(all.map((reading) => reading.source)),
          int8Array(all.map((reading) => reading.logNo)),
          int8Array(all.map((reading) => reading.lastAt)),
          int8Array(all.map((reading) => recordedAt.get(reading.logNo) ?? 0)),
        ],
      });
    },
  };
}
