import type { Client, Pool } from '#platform';
import { VaultError } from '../port.ts';
import { randomBytes } from '../boxes/random.ts';
import { KEY_BYTES } from '../boxes/aead.ts';
import { sealPage, wrapKey } from './node-seal.ts';
import type { Nodes } from './nodes.ts';
import { StaleNode } from './nodes.ts';
import { ask, inTransaction } from '../statements.ts';

/** Parts by name, made on demand. A part is what goes at once: one class and month, or a kind. */
export interface Parts {
  number(name: string): Promise<number>;
  /** As `number`, but makes nothing. */
  find(name: string): Promise<number | undefined>;
  forget(): void;
}

const PART_NAME = /^[a-z]+(\/[\w.:-]{1,100}){0,2}$/i;

export function createParts({ pool, nodes }: { pool: Pool; nodes: Nodes }): Parts {
  const known = new Map<string, number>();

  async function find(name: string): Promise<number | undefined> {
    const cached = known.get(name);
    if (cached !== undefined) return cached;
    const part = await selectPart(pool, name);
    if (part !== undefined) known.set(name, part);
    return part;
  }

  return {
    find,
    async number(name) {
      const found = await find(name);
      if (found !== undefined) return found;
      if (!PART_NAME.test(name)) {
        throw new VaultError('bad_request', 'a retention class has letters the vault cannot keep');
      }
      await nodes.top();
      const part = await inTransaction(pool, (client) => insertPart(client, nodes, name));
      known.set(name, part);
      return part;
    },
    forget: () => known.clear(),
  };
}

async function selectPart(db: Pool | Client, name: string): Promise<number | undefined> {
  const { rows } = await ask<{ part: number }>(db, {
    name: 'vault-part-by-name',
    text: 'select part from vault.part where name = $1',
    values: [name],
  });
  return rows[0]?.part;
}

/** A new node takes its parent's lock and checks that no turn has moved it. */
async function insertPart(client: Client, nodes: Nodes, name: string): Promise<number> {
  const root = await ask<{ generation: number }>(
    client,
    'select generation from vault.root for update',
  );
  const other = await selectPart(client, name);
  if (other !== undefined) return other;
  const top = await nodes.top();
  const generation = top.generation;
  if (root.rows[0]?.generation !== generation) throw new StaleNode('the root turned');
  const next = await ask<{ part: number }>(
    client,
    "select nextval('vault.part_number')::int as part",
  );
  const part = next.rows[0]?.part;
  if (part === undefined) throw new RangeError('the sequence of part numbers answered nothing');
  const key = randomBytes(KEY_BYTES);
  const address = { level: 'part', part, number: 0, generation } as const;
  await ask(
    client,
    `insert into vault.part (part, name, generation, wrapped_at, wrap, page)
     values ($1, $2, $3, $3, $4, $5)`,
    [
      part,
      name,
      generation,
      wrapKey(top.key, address, key),
      sealPage(key, address, Buffer.alloc(0)),
    ],
  );
  key.fill(0);
  await ask(client, tablesOf(part));
  return part;
}

/** A whole leaf fits a heap page three times less a row: it stays in line, and out of TOAST. */
function tablesOf(part: number): string {
  return `
    create table vault.leaf_${part} (
      leaf integer primary key,
      branch integer not null,
      generation integer not null,
      wrapped_at integer not null,
      wrap bytea storage plain not null,
      page bytea storage plain not null
    );
    create index leaf_${part}_unfolded on vault.leaf_${part} (branch, wrapped_at);
    create table vault.fresh_${part} (
      leaf integer not null,
      random bytea not null,
      sealed bytea not null,
      primary key (leaf, random)
    );
    create table vault.directory_${part} (
      directory integer not null,
      tag bytea not null,
      sealed bytea not null,
      primary key (directory, tag)
    );`;
}
