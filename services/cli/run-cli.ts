import { loadConfig } from '#platform';
import { verbs } from './commands/index.ts';
import { helpOf, invocationOf, parseCommand } from './command.ts';
import { CliError, EXIT_CODES } from './errors.ts';
import { overview, topicOf } from './help.ts';
import { createOutput } from './output.ts';
import type { Streams } from './output.ts';

/** Runs one command line and returns its exit code; prints, never throws. */
export async function runCli(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  streams: Streams = process,
): Promise<number> {
  const [name = 'help', ...rest] = argv;
  try {
    await dispatch(name, rest, env, streams);
    return 0;
  } catch (error) {
    const code = error instanceof CliError ? error.code : 'failed';
    streams.stderr.write(
      argv.includes('--json')
        ? `${JSON.stringify({ error: code, message: sentence(error) })}\n`
        : `tollbook: ${sentence(error)}\n`,
    );
    return EXIT_CODES[code];
  }
}

async function dispatch(
  name: string,
  rest: readonly string[],
  env: NodeJS.ProcessEnv,
  streams: Streams,
): Promise<void> {
  const wantsHelp = name === 'help' || name === '--help' || name === '-h';
  if (wantsHelp) {
    const page = rest[0] === undefined ? overview(verbs) : await topicOf(rest[0], verbs);
    if (page === undefined)
      throw new CliError(
        'usage',
        `there is no help on "${rest[0] ?? ''}"; "tollbook help" lists the verbs`,
      );
    streams.stdout.write(`${page}\n`);
    return;
  }
  const verb = verbs.find((candidate) => candidate.name === name);
  if (verb === undefined)
    throw new CliError('usage', `"${name}" is no verb of tollbook; "tollbook help" lists them`);
  const command = await verb.load();
  const parsed = parseCommand(command, rest);
  if (parsed.values['help'] === true) {
    streams.stdout.write(`${helpOf(verb.summary, command)}\n`);
    return;
  }
  const { data } = parsed.values;
  const own = typeof data === 'string' ? { ...env, TOLLBOOK_DATA: data } : env;
  const out = createOutput(parsed.values['json'] === true, streams);
  await command.run(invocationOf(parsed, { config: loadConfig(own), env: own, out }));
}

/** Our own errors are sentences already; anything else says what it is and where it comes from. */
function sentence(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no error was thrown; please report this';
  return error.message === '' ? error.name : error.message;
}
