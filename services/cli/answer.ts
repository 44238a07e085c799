import { CliError } from './errors.ts';

/** Reads fields out of an answer of the API; what it does not have is undefined. */
export interface Answer {
  text(name: string): string | undefined;
  number(name: string): number | undefined;
  flag(name: string): boolean | undefined;
  part(name: string): Answer;
  list(name: string): readonly Answer[];
  /** The whole of it, for `--json`. */
  readonly value: unknown;
}

export function answerOf(value: unknown): Answer {
  const field = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return {
    value,
    text(name) {
      const found = field(name);
      return typeof found === 'string' ? found : undefined;
    },
    number(name) {
      const found = field(name);
      return typeof found === 'number' ? found : undefined;
    },
    flag(name) {
      const found = field(name);
      return typeof found === 'boolean' ? found : undefined;
    },
    part: (name) => answerOf(field(name)),
    list(name) {
      const found = field(name);
      if (!Array.isArray(found))
        throw new CliError(
          'failed',
          'the API answered in another form than this command knows; are both of one version?',
        );
      return found.map(answerOf);
    },
  };
}

/** "2026-11-22 08:00:01" of an ISO time. */
export function shortTime(iso: string | undefined): string {
  return iso === undefined ? '-' : iso.slice(0, 19).replace('T', ' ');
}

/** Seconds as "1:05". */
export function lengthText(seconds: number | undefined): string | undefined {
  if (seconds === undefined) return undefined;
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}
