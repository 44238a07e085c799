import { decodePercent, isRecord } from './body.ts';

/** The parts of a mod_json_cdr record that are read, in plain text. */
export interface SwitchRecord {
  /** A channel variable, URL-decoded; undefined where absent or empty. */
  variable(name: string): string | undefined;
  /** A variable that counts something. */
  count(name: string): number | undefined;
  /** µs since the epoch of `<name>_uepoch`, or of `<name>_epoch`; 0 and absent are undefined. */
  time(name: string): number | undefined;
  /** A field of the first profile of the channel, before any transfer. */
  profile(name: string): string | undefined;
  readonly coreUuid: string | undefined;
}

export function readFields(record: Record<string, unknown>): SwitchRecord {
  const variables = isRecord(record['variables']) ? record['variables'] : {};
  const profile = firstProfile(record['callflow']);

  const variable = (name: string): string | undefined => {
    const value = variables[name];
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' && value !== '' ? decodePercent(value) : undefined;
  };

  const count = (name: string): number | undefined => {
    const text = variable(name);
    if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : undefined;
  };

  const time = (name: string): number | undefined => {
    const us = count(`${name}_uepoch`);
    if (us !== undefined && us > 0) return us;
    const seconds = count(`${name}_epoch`);
    return seconds !== undefined && seconds > 0 ? seconds * 1_000_000 : undefined;
  };

  return {
    variable,
    count,
    time,
    profile: (name) => textOf(profile?.[name]),
    coreUuid: textOf(record['core-uuid']),
  };
}

/** The lowest profile index: a transfer puts a newer profile in front. */
function firstProfile(callflow: unknown): Record<string, unknown> | undefined {
  const flows = Array.isArray(callflow) ? callflow.filter(isRecord) : [];
  let first: Record<string, unknown> | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (const flow of flows) {
    const index = Number(textOf(flow['profile_index']) ?? Number.NaN);
    if (!isRecord(flow['caller_profile']) || index >= lowest) continue;
    first = flow['caller_profile'];
    lowest = index;
  }
  return first;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
