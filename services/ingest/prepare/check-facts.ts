import type { EventValues, FieldValue } from '#events';
import { readsLikeNumber } from '../ids/native-id.ts';
import { Refusal } from '../refusal.ts';

const REMEMBERED_MAX = 20_000;
/** Clear texts seen to be harmless: codes, codecs and route names repeat. */
let harmless = new Set<string>();

/** @throws Refusal `number_in_fact`, `impossible_value` */
export function checkFacts(fields: readonly string[], values: EventValues): void {
  for (const field of fields) {
    const value = values[field];
    if (typeof value === 'string') checkText(field, value);
    else if (typeof value === 'number') checkNumber(field, value);
    else if (value !== null && value !== undefined && typeof value === 'object')
      checkNested(field, value);
  }
}

export function checkText(field: string, value: string): void {
  if (harmless.has(value)) return;
  if (readsLikeNumber(value)) {
    throw new Refusal(
      'number_in_fact',
      `${field} is kept in clear and reads like a number or an address`,
    );
  }
  if (value.length > 256)
    throw new Refusal('impossible_value', `${field} is longer than 256 characters`);
  if (harmless.size >= REMEMBERED_MAX) harmless = new Set();
  harmless.add(value);
}

function checkNumber(field: string, value: number): void {
  if (!(value >= 0)) throw new Refusal('impossible_value', `${field} is below zero`);
}

function checkNested(field: string, value: FieldValue & object): void {
  if (value instanceof Uint8Array) return;
  for (const item of Object.values(value)) {
    if (typeof item === 'string') checkText(field, item);
    else if (typeof item === 'number') checkNumber(field, item);
    else if (item !== null && typeof item === 'object') checkNested(field, item);
  }
}
