import { openPage, unwrapKey } from './node-seal.ts';
import type { Address, Level } from './node-seal.ts';
import type { NodeRow, OpenNode } from './nodes.ts';
import type { Child } from './pages.ts';
import { decodeChildren } from './pages.ts';

/** The key of a child from what its parent holds; undefined where the parent is from another turn. */
export function childKeys(
  parent: OpenNode,
  parentAddress: Address,
  rows: readonly { readonly row: NodeRow; readonly level: Level; readonly number: number }[],
): (Buffer | undefined)[] {
  let page: Buffer | undefined;
  let children: ReturnType<typeof decodeChildren> | undefined;
  const keys = rows.map(({ row, level, number }) => {
    // A node is made with its parent's generation; a turn of its own makes the wrap void.
    if (row.wrapped_at === parent.generation && row.generation === row.wrapped_at) {
      const part = level === 'part' ? number : parentAddress.part;
      const own = level === 'part' ? 0 : number;
      return unwrapKey(
        parent.key,
        { level, part, number: own, generation: row.generation },
        row.wrap,
      );
    }
    page ??= openPage(parent.key, parentAddress, parent.page);
    children ??= decodeChildren(page);
    const child = children.get(number);
    return child?.generation === row.generation ? Buffer.from(child.key) : undefined;
  });
  page?.fill(0);
  return keys;
}

/** Children of a node: those of its page, and those made since it last turned. */
export function collectChildren(
  parent: { readonly key: Buffer; readonly address: Address; readonly page: Buffer },
  level: Level,
  rows: readonly (NodeRow & { readonly number: number })[],
): Map<number, Child> {
  const children = decodeChildren(openPage(parent.key, parent.address, parent.page));
  for (const { number, generation, wrapped_at, wrap } of rows) {
    if (wrapped_at !== parent.address.generation) continue;
    const part = level === 'part' ? number : parent.address.part;
    const own = level === 'part' ? 0 : number;
    const key = unwrapKey(parent.key, { level, part, number: own, generation }, wrap);
    children.set(number, { number, generation, key });
  }
  return children;
}
