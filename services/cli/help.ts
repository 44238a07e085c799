import { SETTINGS } from '#platform';
import { helpOf } from './command.ts';
import type { Verb } from './commands/index.ts';
import { EXIT_CODE_HELP, EXIT_CODES, EXIT_INTERRUPTED } from './errors.ts';

export function overview(verbs: readonly Verb[]): string {
  const shown = verbs.filter((verb) => verb.name !== 'run');
  const width = Math.max(...shown.map((command) => command.name.length));
  return [
    'tollbook: a ledger of communications records whose personal data can really be forgotten.',
    '',
    'Usage: tollbook VERB [ARGUMENTS] [--json] [--help]',
    '',
    ...shown.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'Help: tollbook VERB --help, tollbook help settings, tollbook help exit-codes',
  ].join('\n');
}

/** A verb's help, or one of the two tables. */
export async function topicOf(topic: string, verbs: readonly Verb[]): Promise<string | undefined> {
  if (topic === 'settings') return settingsTable();
  if (topic === 'exit-codes') return exitCodeTable();
  const verb = verbs.find((candidate) => candidate.name === topic);
  return verb === undefined ? undefined : helpOf(verb.summary, await verb.load());
}

function settingsTable(): string {
  const rows = Object.values(SETTINGS).map((entry) => {
    const fallback = Array.isArray(entry.fallback)
      ? entry.fallback.join(',')
      : String(entry.fallback);
    return `  ${entry.name.padEnd(34)}  ${entry.help}${fallback === '' ? '' : ` [${fallback}]`}`;
  });
  return ['Settings, read from the environment:', '', ...rows].join('\n');
}

function exitCodeTable(): string {
  const rows = Object.entries(EXIT_CODES).map(([code, number]) => {
    const help = Object.entries(EXIT_CODE_HELP).find(([name]) => name === code)?.[1] ?? '';
    return `  ${String(number).padStart(3)}  ${help}`;
  });
  return ['Exit codes:', '', '    0  done', ...rows, `  ${EXIT_INTERRUPTED}  interrupted`].join(
    '\n',
  );
}
