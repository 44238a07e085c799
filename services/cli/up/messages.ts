import type { MetricObject } from 'prom-client';

/** What a role process tells its supervisor. */
export type FromRole =
  | { readonly type: 'ready'; readonly line: string; readonly url?: string }
  /** A line for the person at the terminal. */
  | { readonly type: 'line'; readonly line: string }
  /** It cannot go on without a decision; it will not be restarted. */
  | { readonly type: 'halted'; readonly line: string }
  | { readonly type: 'metrics'; readonly id: number; readonly metrics: readonly MetricObject[] }
  /** The API asks for the metrics of every role. */
  | { readonly type: 'collect'; readonly id: number };

/** What the supervisor tells a role process. */
export type ToRole =
  | { readonly type: 'metrics?'; readonly id: number }
  | {
      readonly type: 'collected';
      readonly id: number;
      readonly metrics: readonly (readonly MetricObject[])[];
    };

/** Both ends are this program in this version; only the type is looked at. */
export function isMessage(value: unknown): value is { type: string } {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  );
}
