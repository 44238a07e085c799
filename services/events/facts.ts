import type { StoredFacts } from './event-plan.ts';

/** A fact that is text, or undefined where the event has none. */
export function factText(facts: StoredFacts, name: string): string | undefined {
  const value = facts[name];
  return typeof value === 'string' ? value : undefined;
}

/** A fact that is a number (µs, seconds, counts), or undefined where the event has none. */
export function factNumber(facts: StoredFacts, name: string): number | undefined {
  const value = facts[name];
  return typeof value === 'number' ? value : undefined;
}

/** A fact that is true or false, or undefined where the event has none. */
export function factFlag(facts: StoredFacts, name: string): boolean | undefined {
  const value = facts[name];
  return typeof value === 'boolean' ? value : undefined;
}

/** The usual notation (8-4-4-4-12) of an id that facts hold as 32 hex digits. */
export function uuidText(id: string): string {
  return `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`;
}
