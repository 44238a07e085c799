import type { Pool } from '#platform';
import type { Custodian } from '../custodian/port.ts';
import { VaultError } from '../port.ts';
import type { LockedMemory } from './locked-memory.ts';
import { childKeys } from './children.ts';
import { ask } from '../statements.ts';

/** Open branches kept at once; each holds 32 locked bytes and its page as it is in the database. */
const BRANCHES_MAX = 1024;

/** A node whose key is in hand. Its page stays sealed until a child is asked for. */
export interface OpenNode {
  readonly generation: number;
  /** @throws StaleNode once the node was dropped: its memory may hold another key by then. */
  readonly key: Buffer;
  readonly page: Buffer;
  /** Zeroes the key. */
  drop(): void;
}

/** A node as it was read; the key still in ordinary memory. */
interface ReadNode {
  readonly generation: number;
  readonly page: Buffer;
  readonly key: Buffer;
}

/** A row below: its own generation, and its key under the parent's key of `wrapped_at`. */
export interface NodeRow {
  readonly generation: number;
  readonly wrapped_at: number;
  readonly wrap: Buffer;
}

/** A turn moved nodes between two reads, or since they were cached: forget them and read again. */
export class StaleNode extends Error {
  override readonly name = 'StaleNode';
}

/** The nodes above the leaves, opened on demand and kept until a turn moves them. */
export interface Nodes {
  top(): Promise<OpenNode>;
  part(part: number): Promise<OpenNode>;
  branches(part: number, numbers: Iterable<number>): Promise<Map<number, OpenNode>>;
  /** Zeroes and drops all of them. */
  forget(): void;
}

export interface NodesOptions {
  readonly pool: Pool;
  readonly custodian: Custodian;
  readonly memory: LockedMemory;
}

export function createNodes({ pool, custodian, memory }: NodesOptions): Nodes {
  let top: OpenNode | undefined;
  const parts = new Map<number, OpenNode>();
  const branches = new Map<string, OpenNode>();

  function lock({ generation, page, key }: ReadNode): OpenNode {
    let place: Buffer | undefined = memory.take();
    key.copy(place);
    key.fill(0);
    return {
      generation,
      page,
      get key() {
        if (place === undefined) throw new StaleNode('the node was dropped');
        return place;
      },
      drop() {
        if (place !== undefined) memory.give(place);
        place = undefined;
      },
    };
  }

  function keep(part: number, number: number, node: OpenNode): void {
    const name = `${part}/${number}`;
    branches.get(name)?.drop();
    branches.delete(name);
    branches.set(name, node);
    for (const [oldest, old] of branches) {
      if (branches.size <= BRANCHES_MAX) break;
      branches.delete(oldest);
      old.drop();
    }
  }

  /** A root that is gone, or half overwritten, is no alarm where a turn has just ended it. */
  async function openRoot(generation: number, sealed: Buffer): Promise<Buffer> {
    try {
      return await custodian.open(generation, sealed);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      const { rows } = await ask<{ generation: number }>(pool, {
        name: 'vault-generation',
        text: 'select generation from vault.root',
      });
      if (rows[0]?.generation === generation) throw error;
      throw new StaleNode('the root turned while it was asked for');
    }
  }

  async function loadTop(): Promise<OpenNode> {
    const { rows } = await ask<{ generation: number; key: Buffer; page: Buffer }>(pool, {
      name: 'vault-root',
      text: 'select generation, key, page from vault.root',
    });
    const row = rows[0];
    if (row === undefined) {
      throw new VaultError('key_lost', 'the vault has no root row: it was never opened or emptied');
    }
    const node = lock({ ...row, key: await openRoot(row.generation, row.key) });
    top?.drop();
    top = node;
    return node;
  }

  async function loadPart(part: number): Promise<OpenNode> {
    const { rows } = await ask<NodeRow & { page: Buffer }>(pool, {
      name: 'vault-part',
      text: 'select generation, wrapped_at, wrap, page from vault.part where part = $1',
      values: [part],
    });
    const row = rows[0];
    if (row === undefined) throw new StaleNode('the part is gone');
    const parent = await nodes.top();
    const address = { level: 'root', part: 0, number: 0, generation: parent.generation } as const;
    const [key] = childKeys(parent, address, [{ row, level: 'part', number: part }]);
    if (key === undefined) throw new StaleNode('the root is from another turn than the part');
    const node = lock({ ...row, key });
    parts.get(part)?.drop();
    parts.set(part, node);
    return node;
  }

  async function loadBranches(part: number, numbers: number[]): Promise<void> {
    const { rows } = await ask<NodeRow & { branch: number; page: Buffer }>(pool, {
      name: 'vault-branches',
      text: `select branch, generation, wrapped_at, wrap, page from vault.branch
             where part = $1 and branch = any($2)`,
      values: [part, numbers],
    });
    const parent = await nodes.part(part);
    const keys = childKeys(
      parent,
      { level: 'part', part, number: 0, generation: parent.generation },
      rows.map((row) => ({ row, level: 'branch', number: row.branch })),
    );
    rows.forEach((row, i) => {
      const key = keys[i];
      if (key === undefined) throw new StaleNode('the part is from another turn than the branch');
      keep(part, row.branch, lock({ ...row, key }));
    });
  }

  const nodes: Nodes = {
    top: async () => top ?? loadTop(),
    part: async (part) => parts.get(part) ?? loadPart(part),
    async branches(part, numbers) {
      const wanted = [...new Set(numbers)];
      const found = new Map<number, OpenNode>();
      for (let i = 0; i < wanted.length; i += BRANCHES_MAX / 2) {
        const some = wanted.slice(i, i + BRANCHES_MAX / 2);
        const missing = some.filter((number) => !branches.has(`${part}/${number}`));
        if (missing.length > 0) await loadBranches(part, missing);
        for (const number of some) {
          const node = branches.get(`${part}/${number}`);
          if (node === undefined) throw new StaleNode('a branch is gone');
          found.set(number, node);
        }
      }
      return found;
    },
    forget() {
      for (const node of [top, ...parts.values(), ...branches.values()]) node?.drop();
      top = undefined;
      parts.clear();
      branches.clear();
    },
  };
  return nodes;
}
