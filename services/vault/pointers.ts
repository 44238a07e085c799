import { beginAad, epochAad, pointerAad } from './boxes/aad.ts';
import { open } from './boxes/aead.ts';
import type { Suite } from './boxes/aead.ts';
import { deriveKey } from './boxes/derive.ts';
import type { Freshness } from './freshness.ts';
import { idText } from './key-tree/entry-id.ts';
import type { Names } from './key-tree/names.ts';
import { createLru } from './lru.ts';
import { decodePointer } from './pointer-contents.ts';
import type { GroupRef, PointerContents, PointerOpener } from './port.ts';
import { VaultError } from './port.ts';
import { epochName } from './scope-names.ts';
import { asUnavailable } from './waiting.ts';

/** The answer for one pointer. */
export type OpenedPointer =
  | { readonly state: 'open'; readonly contents: PointerContents }
  | { readonly state: 'shredded' | 'lost' | 'tampered' };

/** Opens pointers with epoch keys alone. */
export interface Pointers {
  open(refs: readonly GroupRef[]): Promise<OpenedPointer[]>;
  clear(): void;
}

interface EpochKey {
  readonly state: 'alive' | 'ended' | 'lost';
  readonly pointer: Buffer;
  readonly aad: Uint8Array;
  readonly entry: string;
}

const EPOCHS_MAX = 1000;

export function createPointers(names: Pick<Names, 'find'>, freshness: Freshness): Pointers {
  const epochs = createLru<string, EpochKey>(EPOCHS_MAX, ({ pointer }) => pointer.fill(0));
  freshness.onDestroyed((entries) => {
    epochs.drop(({ entry }) => entries === undefined || entries.has(entry));
  });

  async function load(missing: ReadonlyMap<string, GroupRef>): Promise<void> {
    const wanted = [...missing.values()];
    const found = await names.find([...missing.keys()]);
    [...missing.keys()].forEach((name, i) => {
      const key = found[i];
      const ref = wanted[i];
      if (ref === undefined) return;
      const aad = epochAad(ref.domain.retentionClass, ref.group.category, ref.month);
      if (key?.state === 'alive') {
        const pointer = deriveKey(key.key, 'pointer');
        key.key.fill(0);
        epochs.set(name, { state: 'alive', pointer, aad, entry: idText(key.entry) });
      } else {
        epochs.set(name, { state: key?.state ?? 'lost', pointer: Buffer.alloc(0), aad, entry: '' });
      }
    });
  }

  /** Keys of all refs, which may be of more epochs than the cache keeps. */
  async function keysOf(refs: readonly GroupRef[]): Promise<(EpochKey | undefined)[]> {
    const lookedUp = nameRefs(refs);
    const missing = new Map<string, GroupRef>();
    lookedUp.forEach((name, i) => {
      const ref = refs[i];
      if (ref !== undefined && epochs.get(name) === undefined) missing.set(name, ref);
    });
    if (missing.size > 0) await load(missing);
    return lookedUp.map((name) => epochs.get(name));
  }

  return {
    async open(refs) {
      await freshness.check();
      const out: OpenedPointer[] = [];
      for (let i = 0; i < refs.length; i += EPOCHS_MAX) {
        const some = refs.slice(i, i + EPOCHS_MAX);
        const keys = await keysOf(some);
        some.forEach((ref, j) => out.push(openOne(ref, keys[j])));
      }
      return out;
    },
    clear: () => epochs.drop(),
  };
}

/** Names of the epochs of refs; neighbours mostly share theirs. */
function nameRefs(refs: readonly GroupRef[]): string[] {
  let last: GroupRef | undefined;
  let name = '';
  return refs.map((ref) => {
    if (
      last?.month !== ref.month ||
      last.group.category !== ref.group.category ||
      last.domain.retentionClass !== ref.domain.retentionClass
    ) {
      name = epochName(ref.domain.retentionClass, ref.group.category, ref.month);
      last = ref;
    }
    return name;
  });
}

function openOne(ref: GroupRef, epoch: EpochKey | undefined): OpenedPointer {
  if (epoch === undefined || epoch.state === 'lost') return { state: 'lost' };
  if (epoch.state === 'ended') return { state: 'shredded' };
  const { pointer } = ref.group;
  beginAad(suiteOf(pointer), ref);
  const bytes = open(epoch.pointer, pointerAad(epoch.aad), pointer);
  const contents = bytes === undefined ? undefined : decodePointer(bytes);
  if (contents?.boxes.length !== ref.group.boxes.length) return { state: 'tampered' };
  return { state: 'open', contents };
}

/** The suite is authenticated, so a false one does not open. */
export const suiteOf = (sealed: Uint8Array): Suite => (sealed[1] === 2 ? 2 : 1);

/** What projectors are given. */
export function createPointerOpener(pointers: Pointers): PointerOpener {
  return {
    async open(refs) {
      let opened: OpenedPointer[];
      try {
        opened = await pointers.open(refs);
      } catch (error) {
        throw asUnavailable(error);
      }
      return opened.map((one) => {
        if (one.state === 'open') return one.contents;
        if (one.state === 'shredded') return undefined;
        throw pointerError(one.state);
      });
    },
  };
}

function pointerError(state: 'lost' | 'tampered'): VaultError {
  return state === 'tampered'
    ? new VaultError(
        'tampered',
        'a pointer does not open under its epoch: the journal was changed outside tollbook, or the event was altered on its way',
      )
    : new VaultError(
        'key_lost',
        'the epoch of an event is not in the vault, and no strip destroyed it: journal and vault do not belong together, or the vault must be restored',
      );
}
