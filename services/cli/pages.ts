import { answerOf } from './answer.ts';
import type { Answer } from './answer.ts';

export const PAGE_MAX = 500;

/** Follows `next` until `limit` items were had or there are no more. */
export async function* pages(
  ask: (limit: number, cursor: string | undefined) => Promise<unknown>,
  limit: number,
): AsyncGenerator<readonly Answer[]> {
  let cursor: string | undefined;
  for (let left = limit; left > 0;) {
    const page = answerOf(await ask(Math.min(left, PAGE_MAX), cursor));
    const items = page.list('items');
    yield items;
    left -= items.length;
    cursor = page.text('next');
    if (cursor === undefined || items.length === 0) return;
  }
}

export async function allOf(pagesOf: AsyncIterable<readonly Answer[]>): Promise<Answer[]> {
  const all: Answer[] = [];
  for await (const items of pagesOf) all.push(...items);
  return all;
}
