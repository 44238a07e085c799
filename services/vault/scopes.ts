import { BOX_KEYS_BYTES, deriveBoxKeys, deriveKey } from './boxes/derive.ts';
import { KEY_BYTES } from './boxes/aead.ts';
import { epochAad } from './boxes/aad.ts';
import { idText } from './key-tree/entry-id.ts';
import type { EnsuredKey, Names } from './key-tree/names.ts';
import type { Lru } from './lru.ts';
import { createLru } from './lru.ts';
import type { Category, Month, Omission } from './port.ts';
import { accountScope, epochScope } from './scope-names.ts';

/** Epoch and account scope of one (class, month, category, account), with what derives from them. */
export interface Scopes {
  /** Distinguishes scopes within this process. */
  readonly number: number;
  /** Why nothing is sealed under them. */
  readonly omission: Omission | undefined;
  readonly epoch: Buffer;
  readonly account: Buffer;
  readonly pointer: Buffer;
  /** Keys of boxes without a person. */
  readonly box: Buffer;
  readonly digest: Buffer;
  readonly aad: Uint8Array;
  /** Ids of the two entries. */
  readonly entries: readonly string[];
}

export interface ScopeWanted {
  readonly retentionClass: string;
  readonly month: Month;
  readonly category: Category;
  readonly accountId: string;
}

export interface ScopeCache {
  get(wanted: string): Scopes | undefined;
  /** Finds or makes scopes; `wanted` by the key that `get` takes. */
  load(wanted: ReadonlyMap<string, ScopeWanted>): Promise<void>;
  drop(entries?: ReadonlySet<string>): void;
}

const SCOPES_MAX = 20_000;

export function createScopeCache(names: Names): ScopeCache {
  const known: Lru<string, Scopes> = createLru(SCOPES_MAX, zero);
  let next = 0;
  return {
    get: (wanted) => known.get(wanted),
    async load(wanted) {
      const all = [...wanted];
      const epochs = await names.ensure(
        all.map(([, one]) => epochScope(one.retentionClass, one.category, one.month)),
      );
      const accounts = await names.ensure(
        all.map(([, one]) => accountScope(one.accountId, one.category)),
      );
      all.forEach(([name, one], i) => {
        const scopes = scopesOf(next, one, epochs[i], accounts[i]);
        known.set(name, scopes);
        next = (next + 1) % 2 ** 30;
      });
      for (const key of [...epochs, ...accounts]) if (key.state === 'alive') key.key.fill(0);
    },
    drop(entries) {
      known.drop((scopes) => entries === undefined || scopes.entries.some((id) => entries.has(id)));
    },
  };
}

function zero({ epoch, account, pointer, box, digest }: Scopes): void {
  for (const key of [epoch, account, pointer, box, digest]) key.fill(0);
}

const NO_KEY = Buffer.alloc(0);

function scopesOf(
  number: number,
  { retentionClass, category, month }: ScopeWanted,
  epoch: EnsuredKey | undefined,
  account: EnsuredKey | undefined,
): Scopes {
  const aad = epochAad(retentionClass, category, month);
  if (epoch?.state !== 'alive' || account?.state !== 'alive') {
    const omission = epoch?.state === 'alive' ? 'account_closed' : 'epoch_stripped';
    const none = { epoch: NO_KEY, account: NO_KEY, pointer: NO_KEY, box: NO_KEY, digest: NO_KEY };
    return { number, omission, ...none, aad, entries: [] };
  }
  const keys = Buffer.alloc(BOX_KEYS_BYTES);
  deriveBoxKeys(keys, [], epoch.key, account.key);
  return {
    number,
    omission: undefined,
    epoch: Buffer.from(epoch.key),
    account: Buffer.from(account.key),
    pointer: deriveKey(epoch.key, 'pointer'),
    box: keys.subarray(0, KEY_BYTES),
    digest: keys.subarray(KEY_BYTES),
    aad,
    entries: [idText(epoch.entry), idText(account.entry)],
  };
}
