import { pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/**
 * Five or more digits, also when broken up as people write numbers (spaces, dots, dashes, slashes,
 * brackets) or URL-encoded (%2B, %20). Positions, ports and durations stay readable because they are
 * logged as JSON numbers, which are not touched.
 */
const NUMBER_LIKE = /\+?(?:%2B)?\d(?:(?:[ .()/-]|%20){0,2}\d){4,}/gi;
const UUID_LIKE =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d{2}-\d{2}T[\d:.]+Z?/gi;
const MAIL_LIKE = /[^\s@"'<>:;,]+@[^\s@"'<>,;]+/g;

/** Replaces what could be a telephone number or an address; ids (UUID) and time stamps stay. */
export function maskNumbers(text: string): string {
  if (text.length < 5) return text;
  let out = '';
  let from = 0;
  for (const match of text.matchAll(UUID_LIKE)) {
    out += maskPlain(text.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return out + maskPlain(text.slice(from));
}

function maskPlain(text: string): string {
  return text.replace(MAIL_LIKE, '[address]').replace(NUMBER_LIKE, '[number]');
}

/** Hosts and broker lists are configuration, not people: the operator needs them to act. */
const PLAIN_KEYS = new Set([
  'url',
  'host',
  'brokers',
  'time',
  'level',
  'name',
  'log',
  'version',
  'file',
]);

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return maskNumbers(value);
  if (typeof value === 'bigint') return maskNumbers(String(value));
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (depth > 6) return '[deep]';
  if (value instanceof Error) return maskError(value, depth);
  if (Array.isArray(value)) return value.map((item) => maskValue(item, depth + 1));
  return maskRecord(Object.entries(value), depth);
}

function maskRecord(entries: [string, unknown][], depth: number): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, item] of entries) {
    const plain = depth === 0 && PLAIN_KEYS.has(key) && typeof item === 'string';
    out[maskNumbers(key)] = plain ? item : maskValue(item, depth + 1);
  }
  return out;
}

function maskError(error: Error, depth: number): Record<string, unknown> {
  const code = 'code' in error ? error.code : undefined;
  return {
    name: error.name,
    code,
    message: maskNumbers(error.message),
    // Frames only: the first line of a stack repeats the message.
    stack: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 12),
    ...(error.cause === undefined ? {} : { cause: maskValue(error.cause, depth + 1) }),
  };
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly name: string;
  readonly destination?: DestinationStream;
}

/**
 * Structured logs (NDJSON on standard error) in which a telephone number cannot appear. Values are
 * shaped on their way in (bytes become their length, errors lose their message's copies); the
 * finished line is masked once more as a whole, whichever way a string came into it.
 */
export function createLogger({ level, name, destination }: LoggerOptions): Logger {
  const out = destination ?? pino.destination({ fd: 2, sync: true });
  const options = {
    level,
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (object: Record<string, unknown>) => maskRecord(Object.entries(object), 0),
    },
    serializers: { err: (error: unknown) => error },
  };
  return pino(options, { write: (line: string) => out.write(maskLine(line)) });
}

function maskLine(line: string): string {
  const record: Record<string, unknown> = JSON.parse(line);
  return `${JSON.stringify(maskRecord(Object.entries(record), 0))}\n`;
}
