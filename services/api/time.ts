import { ApiError } from './errors.ts';

/** ISO 8601 in UTC with microseconds; `us` is µs since the epoch. */
export function isoOf(us: number): string {
  const ms = Math.floor(us / 1000);
  const rest = us - ms * 1000;
  const text = new Date(ms).toISOString();
  return rest === 0 ? text : `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

const ISO =
  /^(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.(\d{1,6})\d*)?)?(?:Z|[+-]\d{2}:\d{2}))?)$/;

/** µs since the epoch of an ISO 8601 time with a zone, or of a UTC day. */
export function usOf(iso: string): number {
  const match = ISO.exec(iso);
  const ms = match === null ? Number.NaN : Date.parse(iso.replace(/\.\d+/, ''));
  if (match === null || Number.isNaN(ms)) {
    throw new ApiError(
      'bad_request',
      'a time must be ISO 8601 with a zone, such as 2026-11-22T08:00:00Z, or a day',
    );
  }
  return ms * 1000 + Number((match[2] ?? '').padEnd(6, '0'));
}
