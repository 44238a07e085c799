import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import type { Config } from '#platform';
import { CliError } from './errors.ts';
import type { Output } from './output.ts';

export interface OptionHelp {
  readonly type: 'string' | 'boolean';
  /** Shown as `--name WHAT`. */
  readonly value?: string;
  readonly help: string;
}

/** What a verb is run with. */
export interface Invocation {
  readonly config: Config;
  /** Handed on to role processes; settings are read from `config`. */
  readonly env: NodeJS.ProcessEnv;
  readonly out: Output;
  readonly args: readonly string[];
  /** A given string option. */
  text(name: string): string | undefined;
  /** A given flag. */
  flag(name: string): boolean;
  /** A whole number within the range, or the fallback. */
  count(name: string, fallback: number, range: { min: number; max: number }): number;
}

/** One verb: `tollbook <name> ...`. */
export interface Command {
  readonly name: string;
  /** Lines of usage, without "tollbook". */
  readonly usage: readonly string[];
  /** Paragraphs under the usage. */
  readonly details?: readonly string[];
  readonly options: Readonly<Record<string, OptionHelp>>;
  /** At most this many arguments. */
  readonly maxArgs: number;
  run(invocation: Invocation): Promise<void>;
}

/** Options every verb takes. */
export const COMMON: Readonly<Record<string, OptionHelp>> = {
  json: { type: 'boolean', help: 'print NDJSON, one JSON document a line, for programs' },
  data: { type: 'string', value: 'DIR', help: 'data folder (else TOLLBOOK_DATA, else .tollbook)' },
  help: { type: 'boolean', help: 'show this help' },
};

/** Options of verbs that ask the API. */
export const REMOTE: Readonly<Record<string, OptionHelp>> = {
  url: {
    type: 'string',
    value: 'URL',
    help: 'API to ask (else the tollbook that is up on the data folder)',
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    help: "file that holds the token (else the data folder's own)",
  },
};

export interface Parsed {
  readonly values: Readonly<Record<string, unknown>>;
  readonly args: readonly string[];
}

/** @throws CliError `usage` */
export function parseCommand(command: Command, argv: readonly string[]): Parsed {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const [name, option] of Object.entries({ ...command.options, ...COMMON }))
    options[name] = { type: option.type };
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: true,
      strict: true,
    });
    if (positionals.length > command.maxArgs && values['help'] !== true) {
      throw new CliError(
        'usage',
        `${command.name} takes ${command.maxArgs} arguments at most; see "tollbook ${command.name} --help"`,
      );
    }
    return { values, args: positionals };
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    // parseArgs names the option, which may be all that was typed; its hint on positionals is left out.
    const said =
      cause instanceof Error ? (cause.message.split('. ')[0] ?? '') : 'the options cannot be read';
    throw new CliError('usage', `${said}; see "tollbook ${command.name} --help"`, { cause });
  }
}

export function invocationOf(
  parsed: Parsed,
  { config, env, out }: Pick<Invocation, 'config' | 'env' | 'out'>,
): Invocation {
  const text = (name: string): string | undefined => {
    const value = parsed.values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    config,
    env,
    out,
    args: parsed.args,
    text,
    flag: (name) => parsed.values[name] === true,
    count(name, fallback, { min, max }) {
      const value = text(name);
      if (value === undefined) return fallback;
      const number = Number(value);
      if (/^\d+$/.test(value) && number >= min && number <= max) return number;
      throw new CliError('usage', `--${name} must be a whole number from ${min} to ${max}`);
    },
  };
}

/** The `--help` page of a verb. */
export function helpOf(summary: string, command: Command): string {
  const lines = [`${summary}.`, '', 'Usage:', ...command.usage.map((line) => `  tollbook ${line}`)];
  for (const paragraph of command.details ?? []) lines.push('', paragraph);
  const rows = Object.entries({ ...command.options, ...COMMON }).map(
    ([name, option]) =>
      [`--${name}${option.value === undefined ? '' : ` ${option.value}`}`, option.help] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  lines.push('', 'Options:', ...rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`));
  return lines.join('\n');
}
