/** `account` is an account's own user; `switch` may only hand in events, under one fixed source. */
export const ROLES = ['operator', 'account', 'agent', 'auditor', 'switch'] as const;
export type Role = (typeof ROLES)[number];

/** What a route asks of whoever calls it. Each route names exactly one in its `config.permission`. */
export type Permission =
  | 'public'
  | 'events.write'
  | 'communications.read'
  | 'communications.open'
  | 'history.read'
  | 'usage.read'
  | 'usage.feed'
  | 'quarantine.read'
  | 'quarantine.open'
  | 'quarantine.replay'
  | 'status.read'
  | 'metrics.read';

const EVERY_READ: readonly Permission[] = [
  'communications.read',
  'usage.read',
  'usage.feed',
  'quarantine.read',
  'status.read',
  'metrics.read',
];

/**
 * Need to know, as a table. An auditor sees that history is whole, never a number. An account sees
 * only its own (each route narrows its query by `principal.accountId`), and no ledger internals.
 */
const GRANTS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  operator: new Set<Permission>([
    ...EVERY_READ,
    'events.write',
    'communications.open',
    'history.read',
    'quarantine.open',
    'quarantine.replay',
  ]),
  agent: new Set<Permission>([
    'communications.read',
    'communications.open',
    'history.read',
    'usage.read',
    'status.read',
  ]),
  account: new Set<Permission>([
    'communications.read',
    'communications.open',
    'history.read',
    'usage.read',
  ]),
  auditor: new Set<Permission>(EVERY_READ),
  switch: new Set<Permission>(['events.write']),
};

/** Who calls. */
export interface Principal {
  /** Goes into access records and logs: a token's id or `oidc:` and the subject. Never a number. */
  readonly actor: string;
  readonly role: Role;
  /** With role `account` the one account it sees. */
  readonly accountId?: string;
  /** The source its events are filed under, whatever their body says. */
  readonly source?: string;
}

export function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}

export function mayDo(principal: Principal, permission: Permission): boolean {
  return permission === 'public' || GRANTS[principal.role].has(permission);
}

/** Why numbers may be opened. Which of them a role may claim is `purposesOf`. */
export const PURPOSES = [
  'own_history',
  'care',
  'billing_dispute',
  'fault_finding',
  'fraud_prevention',
] as const;
export type Purpose = (typeof PURPOSES)[number];

const PURPOSES_OF: Readonly<Record<Role, readonly Purpose[]>> = {
  operator: ['billing_dispute', 'fault_finding', 'fraud_prevention'],
  agent: ['care', 'billing_dispute'],
  account: ['own_history'],
  auditor: [],
  switch: [],
};

export function purposesOf(role: Role): readonly Purpose[] {
  return PURPOSES_OF[role];
}
