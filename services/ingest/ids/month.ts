import type { Month } from '#vault';

const US_PER_DAY = 86_400_000_000;
/** How long into a month an event also carries the id under last month's key. */
const OVERLAP_DAYS = 3;

let cachedFrom = 0;
let cachedTo = 0;
let cachedMonth = 0;

/** The UTC month of a time in µs since the epoch. */
export function monthOf(us: number): Month {
  if (us >= cachedFrom && us < cachedTo) return cachedMonth;
  const date = new Date(Math.floor(us / 1000));
  cachedMonth = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
  cachedFrom = monthStart(cachedMonth);
  cachedTo = monthStart(cachedMonth + 1);
  return cachedMonth;
}

/** When the UTC month begins, µs since the epoch. */
export function monthStart(month: Month): number {
  return Date.UTC(1970 + Math.floor(month / 12), month % 12) * 1000;
}

/** Whether the time lies in the first three days of its UTC month. */
export function isMonthsBeginning(us: number): boolean {
  return us - monthStart(monthOf(us)) < OVERLAP_DAYS * US_PER_DAY;
}
