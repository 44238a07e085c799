import type { Pool } from '#platform';
import { KEY_BYTES } from '../boxes/aead.ts';
import { randomBytes } from '../boxes/random.ts';
import { sealPage, wrapKey } from './node-seal.ts';
import type { Nodes } from './nodes.ts';
import { StaleNode } from './nodes.ts';
import { ask, inTransaction } from '../statements.ts';

/** A new node takes its parent's lock and checks that no turn has moved it. */
export async function claimBranch(pool: Pool, nodes: Nodes, part: number): Promise<number> {
  const parent = await nodes.part(part);
  return inTransaction(pool, async (client) => {
    const locked = await ask<{ generation: number }>(
      client,
      'select generation from vault.part where part = $1 for update',
      [part],
    );
    const generation = parent.generation;
    if (locked.rows[0]?.generation !== generation) throw new StaleNode('the part turned');
    const next = await ask<{ branch: number }>(
      client,
      'select coalesce(max(branch) + 1, 0) as branch from vault.branch where part = $1',
      [part],
    );
    const branch = next.rows[0]?.branch ?? 0;
    const key = randomBytes(KEY_BYTES);
    const address = { level: 'branch', part, number: branch, generation } as const;
    await ask(
      client,
      `insert into vault.branch (part, branch, generation, wrapped_at, wrap, page)
       values ($1, $2, $3, $3, $4, $5)`,
      [
        part,
        branch,
        generation,
        wrapKey(parent.key, address, key),
        sealPage(key, address, Buffer.alloc(0)),
      ],
    );
    key.fill(0);
    return branch;
  });
}
