import type { Client } from '#platform';
import type { View } from '../contract.ts';
import { COMPARED } from './families.ts';

export interface Comparison {
  readonly rows: number;
  readonly differing: number;
  readonly onlyLive: number;
  readonly onlyRebuilt: number;
  readonly examples: readonly string[];
}

interface Counted {
  readonly rows: number;
  readonly differing: number;
  readonly only_live: number;
  readonly only_rebuilt: number;
  readonly examples: string[] | null;
}

/** Compares the live view with the rebuilt one, row by row, byte for byte. */
export async function compare(client: Client, view: View): Promise<Comparison> {
  const total = { rows: 0, differing: 0, onlyLive: 0, onlyRebuilt: 0 };
  const examples: string[] = [];
  for (const { table, key, id } of COMPARED[view]) {
    const first = key.split(',')[0];
    const result = await client.query<Counted>(
      `select count(*) filter (where in_next) as rows,
              count(*) filter (where in_live and in_next and differs) as differing,
              count(*) filter (where not in_next) as only_live,
              count(*) filter (where not in_live) as only_rebuilt,
              (array_agg(row_id order by row_id) filter (where differs))[1:10] as examples
         from (select coalesce(l.${id}, n.${id})::text as row_id, l.${first} is not null as in_live,
                      n.${first} is not null as in_next, l.row is distinct from n.row as differs
                 from (select t.*, t::text as row from views.${table} t) l
                 full join (select t.*, t::text as row from views_next.${table} t) n using (${key})) c`,
    );
    const [counted] = result.rows;
    if (counted === undefined) continue;
    total.rows += counted.rows;
    total.differing += counted.differing;
    total.onlyLive += counted.only_live;
    total.onlyRebuilt += counted.only_rebuilt;
    examples.push(...(counted.examples ?? []));
  }
  return { ...total, examples };
}
