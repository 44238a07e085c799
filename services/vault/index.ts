export { createPointerVault, createVault } from './create-vault.ts';
export type { PointerVault, PointerVaultOptions, Vault, VaultOptions } from './create-vault.ts';
export type { Custodian } from './custodian/port.ts';
export type { Decisions, TurnState } from './key-tree/decisions.ts';
export type { KeyTree, Turned } from './key-tree/key-tree.ts';
export { migrateVault } from './migrate.ts';
export { VaultError } from './port.ts';
export type {
  Access,
  AccessRecord,
  BoxRequest,
  BoxToOpen,
  Category,
  Domain,
  GroupRef,
  Identifier,
  Month,
  Omission,
  Opened,
  PointedBox,
  PointerContents,
  PointerOpener,
  QuarantinedBody,
  Reader,
  RecordAccess,
  SealedBox,
  SealedGroup,
  SealedParts,
  SealedQuarantined,
  SealRequest,
  Sealer,
  SlotOfMonth,
  VaultErrorCode,
} from './port.ts';
