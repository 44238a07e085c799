import type { Named } from './key-tree/names.ts';
import type { Category, Domain, Month } from './port.ts';

/** µs of a UTC day. */
export const DAY_US = 86_400_000_000;

export const utcDay = (us: number): number => Math.floor(us / DAY_US);

export function utcMonth(us: number): Month {
  const date = new Date(us / 1000);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

export const epochName = (retentionClass: string, category: Category, month: Month): string =>
  `epoch/${retentionClass}/${month}/${category}`;

/** Epochs stand apart from the slots, so that who may open only pointers never opens a slot's leaf. */
export const epochScope = (retentionClass: string, category: Category, month: Month): Named => ({
  name: epochName(retentionClass, category, month),
  kind: 'epoch',
  part: `epochs/${retentionClass}/${month}`,
});

export const accountName = (accountId: string, category: Category): string =>
  `account/${category}/${accountId}`;

export const accountScope = (accountId: string, category: Category): Named => ({
  name: accountName(accountId, category),
  kind: 'account',
  part: 'accounts',
});

/** Where slots of a class and month stand, whoever the controller is. */
export const slotPart = (retentionClass: string, month: Month): string =>
  `slots/${retentionClass}/${month}`;

export const directoryName = ({ controller, retentionClass }: Domain, month: Month): string =>
  `directory/${retentionClass}/${month}/${controller}`;

export const directoryScope = (domain: Domain, month: Month): Named => ({
  name: directoryName(domain, month),
  kind: 'directory',
  part: slotPart(domain.retentionClass, month),
});

export const idScope = (month: Month): Named => ({
  name: `id/${month}`,
  kind: 'id',
  part: `ids/${month}`,
});

export const quarantineName = (day: number): string => `quarantine/${day}`;

export const quarantineScope = (day: number): Named => ({
  name: quarantineName(day),
  kind: 'quarantine',
  part: `days/${utcMonth(day * DAY_US)}`,
});

export const accessScope = (day: number): Named => ({
  name: `access/${day}`,
  kind: 'access',
  part: `days/${utcMonth(day * DAY_US)}`,
});

export const MARKS: Named = { name: 'marks', kind: 'marks', part: 'standing' };
