import { stat } from 'node:fs/promises';
import { formats } from '#ingest';
import type { FileResult } from '#ingest';
import type { Command, Invocation } from '../command.ts';
import { REMOTE } from '../command.ts';
import { CliError } from '../errors.ts';
import { handIn } from '../hand-in.ts';
import { openIngest } from '../wiring/ingest.ts';
import { interruptSignal, withLocalLedger } from '../wiring/local-ledger.ts';

const FORMATS = formats.map(({ name }) => name);

export const ingestCommand: Command = {
  name: 'ingest',
  usage: [
    'ingest FILE [--format NAME] [--source NAME] [--import]',
    'ingest - [--format NAME] [--stream NAME]',
  ],
  details: [
    'Answers when everything is durable. A file is taken up again where an earlier run was cut, by its content, so the same\n' +
      'command twice takes nothing twice. Standard input is handed to the API; a single record is answered with its ids.',
    `Formats: ${FORMATS.join(', ')} (default tollbook: NDJSON of the event types in schemas/). --import takes history older than\nthe ledger's lateness, into logs of its own.`,
    'What cannot be accepted is kept in quarantine, and the exit code says so; see "tollbook quarantine".',
  ],
  options: {
    format: { type: 'string', value: 'NAME', help: FORMATS.join(', ') },
    source: {
      type: 'string',
      value: 'NAME',
      help: "source a file is filed under (default local; standard input: the token's)",
    },
    stream: {
      type: 'string',
      value: 'NAME',
      help: 'your name for standard input: what is sent again under it is recognised',
    },
    import: { type: 'boolean', help: 'history: any age' },
    ...REMOTE,
  },
  maxArgs: 1,
  async run(invocation) {
    const [file] = invocation.args;
    if (file === undefined)
      throw new CliError(
        'usage',
        'ingest takes a file, or "-" for standard input; see "tollbook ingest --help"',
      );
    const format = invocation.text('format') ?? 'tollbook';
    if (!FORMATS.includes(format))
      throw new CliError('usage', `there is no format ${format}; there are: ${FORMATS.join(', ')}`);
    if (file === '-' && !invocation.flag('import')) return handIn(invocation, format);
    return ingestFile(invocation, file, format);
  },
};

async function ingestFile(invocation: Invocation, file: string, format: string): Promise<void> {
  const { config, out } = invocation;
  if (file !== '-') await checkFile(file);
  const signal = interruptSignal();
  const result = await withLocalLedger(config, 'ingest', async (ledger) => {
    const { ingest } = await openIngest(ledger, await ledger.openVault());
    const size = file === '-' ? undefined : (await stat(file)).size;
    const progress = out.progress('bytes durable', size);
    try {
      return await ingest.ingestFile({
        from:
          file === '-'
            ? { stdin: process.stdin, stream: invocation.text('stream') }
            : { path: file },
        source: invocation.text('source') ?? 'local',
        format,
        isImport: invocation.flag('import'),
        onProgress: ({ bytes, events }) =>
          progress.update(bytes, `${events.toLocaleString('en')} events`),
        signal,
      });
    } finally {
      progress.end();
    }
  });
  tell(invocation, result);
}

function tell({ out }: Invocation, result: FileResult): void {
  const { events, quarantined, resumedAt, isComplete } = result;
  out.result(result, () => {
    const resumed = resumedAt > 0 ? `, taken up at byte ${resumedAt.toLocaleString('en')}` : '';
    return `${events.toLocaleString('en')} events durable, ${quarantined.toLocaleString('en')} in quarantine${resumed}`;
  });
  if (!isComplete)
    throw new CliError('partly', 'stopped before the end; the same command goes on from here');
  if (quarantined > 0)
    throw new CliError(
      'partly',
      `${quarantined} records are in quarantine; "tollbook quarantine list" tells why`,
    );
}

async function checkFile(file: string): Promise<void> {
  try {
    if (!(await stat(file)).isFile()) throw new CliError('usage', `${file} is no file`);
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('not_found', `${file} cannot be read; is the path right?`, { cause });
  }
}
