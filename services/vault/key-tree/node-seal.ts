import { open, seal } from '../boxes/aead.ts';
import { VaultError } from '../port.ts';

/** Pages, wraps and fresh entries are always sealed with XChaCha20-Poly1305. */
const SUITE = 1;

const LEVELS = { root: 0, part: 1, branch: 2, leaf: 3, entry: 4 } as const;

export type Level = keyof typeof LEVELS;

/** Which node's bytes these are; all of it is authenticated. */
export interface Address {
  readonly level: Level;
  readonly part: number;
  /** Of the branch or leaf within its part; 0 above. */
  readonly number: number;
  /** The turn that drew the key of the node. */
  readonly generation: number;
}

const PAGE = 1;
const WRAP = 2;
const LABEL = Buffer.from('tollbook tree 1');

function aadOf(what: number, address: Address, extra: Uint8Array): Buffer {
  const aad = Buffer.alloc(LABEL.length + 14 + extra.length);
  let at = LABEL.copy(aad);
  at = aad.writeUInt8(what, at);
  at = aad.writeUInt8(LEVELS[address.level], at);
  at = aad.writeUInt32BE(address.part, at);
  at = aad.writeUInt32BE(address.number, at);
  at = aad.writeUInt32BE(address.generation, at);
  aad.set(extra, at);
  return aad;
}

const NOTHING = new Uint8Array(0);

/** Seals a node's page under the node's own key. */
export function sealPage(key: Uint8Array, address: Address, page: Uint8Array): Buffer {
  return seal(SUITE, key, aadOf(PAGE, address, NOTHING), page);
}

/** @throws VaultError `tampered` */
export function openPage(key: Uint8Array, address: Address, sealed: Uint8Array): Buffer {
  return opened(open(key, aadOf(PAGE, address, NOTHING), sealed), address);
}

/** Seals a node's key, or an entry, under the key of its parent. `extra` names an entry. */
export function wrapKey(
  parent: Uint8Array,
  address: Address,
  key: Uint8Array,
  extra: Uint8Array = NOTHING,
): Buffer {
  return seal(SUITE, parent, aadOf(WRAP, address, extra), key);
}

/** @throws VaultError `tampered` */
export function unwrapKey(
  parent: Uint8Array,
  address: Address,
  sealed: Uint8Array,
  extra: Uint8Array = NOTHING,
): Buffer {
  return opened(open(parent, aadOf(WRAP, address, extra), sealed), address);
}

function opened(bytes: Buffer | undefined, { level, part, number }: Address): Buffer {
  if (bytes !== undefined) return bytes;
  throw new VaultError(
    'tampered',
    `${level} ${number} of part ${part} of the key tree does not open under its parent's key: its row was changed outside tollbook; restore the vault`,
  );
}
