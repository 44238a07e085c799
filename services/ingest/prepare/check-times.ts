import type { EventValues, FieldValue } from '#events';
import { Refusal } from '../refusal.ts';

const US_PER_DAY = 86_400_000_000;
/** How far a switch's clock may run ahead. */
export const AHEAD_US = US_PER_DAY;
/** 1990-01-01: before any record a switch could still hold. */
export const EARLIEST_US = 631_152_000_000_000;
/** A call lasts no longer than this: an earlier start is not believed. */
export const CALL_LONGEST_US = 31 * US_PER_DAY;
/** Clocks of a switch's parts may differ by so much. */
const SKEW_US = 3_600_000_000;
const SECONDS_MAX = CALL_LONGEST_US / 1_000_000;

/** A time in µs, or a length in seconds. */
export interface TimeField {
  readonly field: string;
  readonly isLength: boolean;
}

/**
 * Times besides the event's own. Zero, which many switches write for "never", becomes absent.
 *
 * @throws Refusal `impossible_value`
 */
export function checkTimes(fields: readonly TimeField[], values: EventValues, now: number): void {
  for (const { field, isLength } of fields) {
    const value = values[field];
    if (typeof value !== 'number') continue;
    if (isLength) {
      if (value > SECONDS_MAX) throw impossible(`${field} is longer than a call can last`);
    } else if (value === 0) {
      values[field] = null;
    } else if (!Number.isSafeInteger(value) || value < EARLIEST_US || value > now + AHEAD_US) {
      throw impossible(`${field} is before 1990 or more than 24 h ahead`);
    }
  }
  checkOrder(values);
}

function checkOrder(values: EventValues): void {
  const answeredAt = timeOf(values['answeredAt']);
  const endedAt = timeOf(values['endedAt']);
  if (answeredAt !== undefined) checkAfterStart(values, answeredAt);
  if (endedAt !== undefined) checkAfterStart(values, endedAt);
  if (answeredAt !== undefined && endedAt !== undefined && answeredAt > endedAt + SKEW_US) {
    throw impossible('answeredAt is after endedAt');
  }
}

function checkAfterStart(values: EventValues, time: number): void {
  const occurredAt = timeOf(values['occurredAt']) ?? 0;
  const startedAt = timeOf(values['startedAt']);
  if (time < occurredAt - CALL_LONGEST_US)
    throw impossible('answeredAt or endedAt is long before occurredAt');
  if (startedAt !== undefined && time < startedAt - SKEW_US) {
    throw impossible('answeredAt or endedAt is before startedAt');
  }
}

function timeOf(value: FieldValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function impossible(detail: string): Refusal {
  return new Refusal('impossible_value', detail);
}
