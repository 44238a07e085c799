import type { Client } from '#platform';
import { KEY_BYTES } from '../boxes/aead.ts';
import { randomBytes } from '../boxes/random.ts';
import type { Custodian } from '../custodian/port.ts';
import { VaultError } from '../port.ts';
import { partOf } from './entry-id.ts';
import { collectChildren } from './children.ts';
import { sealPage } from './node-seal.ts';
import type { Address } from './node-seal.ts';
import type { NodeRow } from './nodes.ts';
import type { Child } from './pages.ts';
import { encodeChildren } from './pages.ts';
import { turnPart } from './turn-part.ts';
import { ask } from '../statements.ts';

/** What one turn does to the tree, in the transaction of `client`. */
export interface Rewrite {
  readonly client: Client;
  readonly custodian: Custodian;
  readonly from: number;
  readonly to: number;
  readonly entries: readonly Uint8Array[];
}

interface PartRow extends NodeRow {
  readonly part: number;
}

/**
 * Moves the tree from generation `from` to `to` without `entries`: fresh keys for their leaves and
 * for every node above, survivors wrapped anew. Returns the entries that were alive until now.
 *
 * Locks go from the root down and in ascending order on each level; who inserts locks one node and
 * checks its generation, so whatever was wrapped under a key of `from` is either seen here or refused.
 */
export async function rewriteTree({ client, ...turn }: Rewrite): Promise<Uint8Array[]> {
  const { custodian, from, to, entries } = turn;
  const top = randomBytes(KEY_BYTES);
  const parts = from === 0 ? new Map<number, Child>() : await openRoot(client, custodian, from);
  const destroyed: Uint8Array[] = [];
  const byPart = [...Map.groupBy(entries, partOf)].sort(([a], [b]) => a - b);
  for (const [part, inPart] of byPart) {
    const before = parts.get(part);
    if (before === undefined) continue;
    const { key, ended } = await turnPart({ client, part, before, to }, inPart);
    parts.set(part, { number: part, generation: to, key });
    destroyed.push(...ended);
  }
  const page = encodeChildren([...parts.values()]);
  const address: Address = { level: 'root', part: 0, number: 0, generation: to };
  await ask(client, {
    name: 'vault-turn-root',
    text: `insert into vault.root (generation, key, page) values ($1, $2, $3)
           on conflict (only_row) do update
             set generation = excluded.generation, key = excluded.key, page = excluded.page`,
    values: [to, Buffer.from(await custodian.seal(to, top)), sealPage(top, address, page)],
  });
  for (const bytes of [top, page, ...[...parts.values()].map(({ key }) => key)]) bytes.fill(0);
  await recordDestroyed(client, destroyed, to);
  return destroyed;
}

/** Keys of every part that still exists, the root row locked. */
async function openRoot(
  client: Client,
  custodian: Custodian,
  from: number,
): Promise<Map<number, Child>> {
  const root = await ask<{ generation: number; key: Buffer; page: Buffer }>(client, {
    name: 'vault-turn-open-root',
    text: 'select generation, key, page from vault.root for update',
  });
  const row = root.rows[0];
  if (row?.generation !== from) {
    throw new VaultError(
      'unavailable',
      `the key tree is not at generation ${from} any more: another process turned it; ask again`,
    );
  }
  const { rows } = await ask<PartRow>(client, {
    name: 'vault-turn-parts',
    text: 'select part, generation, wrapped_at, wrap from vault.part',
  });
  const key = await custodian.open(from, row.key);
  const address: Address = { level: 'root', part: 0, number: 0, generation: from };
  const children = collectChildren(
    { key, address, page: row.page },
    'part',
    rows.map((part) => ({ ...part, number: part.part })),
  );
  key.fill(0);
  // A part that was dropped leaves the root with the turn after it.
  const alive = new Set(rows.map(({ part }) => part));
  for (const part of children.keys()) if (!alive.has(part)) children.delete(part);
  return children;
}

async function recordDestroyed(
  client: Client,
  destroyed: readonly Uint8Array[],
  generation: number,
): Promise<void> {
  if (destroyed.length === 0) return;
  const entries = destroyed.map((id) => Buffer.from(id));
  await ask(client, {
    name: 'vault-turn-destroyed',
    text: `insert into vault.destroyed (entry, generation) select unnest($1::bytea[]), $2`,
    values: [entries, generation],
  });
  await ask(client, {
    name: 'vault-turn-names',
    text: 'update vault.name set ended_at = $2 where entry = any($1::bytea[]) and ended_at is null',
    values: [entries, generation],
  });
}
