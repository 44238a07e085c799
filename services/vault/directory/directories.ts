import type { Pool } from '#platform';
import type { KeyTree } from '../key-tree/key-tree.ts';
import { idText, partOf } from '../key-tree/entry-id.ts';
import type { Domain, Month } from '../port.ts';
import { directoryName, directoryScope, MARKS } from '../scope-names.ts';
import type { Place, Resolved, Sighting } from './directory.ts';
import { resolveSlots } from './directory.ts';
import { markKeys } from './marks.ts';
import type { MarkKeys } from './marks.ts';
import { directoryKeys } from './row.ts';

/** One domain's identifiers of one month, with its keys in hand. */
export interface Directory {
  /** Dense from 0 within this process. */
  readonly index: number;
  /** Undefined once the directory's key was destroyed: the month was stripped. */
  readonly place: Place | undefined;
}

/** The directories a sealer works with. */
export interface Directories {
  get(domain: Domain, month: Month): Directory | undefined;
  load(domain: Domain, month: Month): Promise<void>;
  resolve(place: Place, sightings: readonly Sighting[]): Promise<Map<string, Resolved>>;
  /** Forgets directories whose key is one of `entries`, or all of them. */
  drop(entries?: ReadonlySet<string>): void;
}

/** Directories kept at once, well above what one batch can name. */
const DIRECTORIES_MAX = 4096;

export function createDirectories(tree: KeyTree, pool: Pool): Directories {
  const known = new Map<string, Directory>();
  let next = 0;
  let marks: MarkKeys | undefined;
  let last: { controller: string; retentionClass: string; month: Month } | undefined;
  let lastFound: Directory | undefined;

  async function marksOf(): Promise<MarkKeys> {
    if (marks !== undefined) return marks;
    const [found] = await tree.ensure([MARKS]);
    if (found?.state !== 'alive') throw new RangeError('the key of the marks was destroyed');
    marks = markKeys(found.entry, found.key);
    found.key.fill(0);
    return marks;
  }

  function drop(entries?: ReadonlySet<string>): void {
    for (const [name, { place }] of known) {
      if (entries !== undefined && !(place && entries.has(place.entry))) continue;
      place?.keys.tag.fill(0);
      place?.keys.value.fill(0);
      known.delete(name);
    }
    if (entries === undefined || (marks && entries.has(idText(marks.entry)))) {
      marks?.tag.fill(0);
      marks?.value.fill(0);
      marks = undefined;
    }
    last = undefined;
    lastFound = undefined;
  }

  return {
    drop,
    get(domain, month) {
      const { controller, retentionClass } = domain;
      if (
        last?.month === month &&
        last.controller === controller &&
        last.retentionClass === retentionClass
      ) {
        return lastFound;
      }
      lastFound = known.get(directoryName(domain, month));
      last = lastFound === undefined ? undefined : { controller, retentionClass, month };
      return lastFound;
    },
    async load(domain, month) {
      const scope = directoryScope(domain, month);
      const [found] = await tree.ensure([scope]);
      const place =
        found?.state === 'alive'
          ? {
              keys: directoryKeys(found.number, found.key),
              part: scope.part,
              partNumber: partOf(found.entry),
              entry: idText(found.entry),
            }
          : undefined;
      if (found?.state === 'alive') found.key.fill(0);
      if (known.has(scope.name)) return;
      if (known.size >= DIRECTORIES_MAX) drop();
      known.set(scope.name, { index: next, place });
      next += 1;
    },
    resolve: async (place, sightings) =>
      resolveSlots({ pool, tree }, place, await marksOf(), sightings),
  };
}
