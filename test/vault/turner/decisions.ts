import type { Pool } from '#platform';
import type { Decisions } from '#vault';

/** Turns in a table: a decision log that outlives a killed process. */
export async function tableDecisions(pool: Pool): Promise<Decisions> {
  await pool.query('create table if not exists public.turns (began integer, done integer)');
  return {
    async state() {
      const { rows } = await pool.query<{ began: number; done: number }>(
        'select coalesce(max(began), 0) as began, coalesce(max(done), 0) as done from public.turns',
      );
      const { began = 0, done = 0 } = rows[0] ?? {};
      return began > done ? { done, began } : { done };
    },
    turnBegan: async (_from, to) => {
      await pool.query('insert into public.turns (began) values ($1)', [to]);
    },
    turnDone: async (generation) => {
      await pool.query('insert into public.turns (done) values ($1)', [generation]);
    },
  };
}
