import { ProjectionsError, rebuild, VIEWS } from '#projections';
import type { RebuildProgress, RebuildReport, View } from '#projections';
import type { Command, Invocation } from '../command.ts';
import { CliError } from '../errors.ts';
import { interruptSignal, withLocalLedger } from '../wiring/local-ledger.ts';

export const rebuildCommand: Command = {
  name: 'rebuild',
  usage: ['rebuild VIEW [--accept]', 'rebuild VIEW --diff'],
  details: [
    `Views: ${VIEWS.join(', ')}. Reading and ingest go on meanwhile; the swap is one transaction. --diff compares and leaves the\n` +
      'live view in place; the exit code tells whether rows differ. Rows made by a newer assembler are swapped in only with --accept.',
  ],
  options: {
    diff: { type: 'boolean', help: 'compare with the live view, do not swap' },
    accept: { type: 'boolean', help: 'swap even though rows differ, after --diff was looked at' },
  },
  maxArgs: 1,
  async run(invocation) {
    const view = VIEWS.find((name) => name === invocation.args[0]);
    if (view === undefined)
      throw new CliError('usage', `rebuild takes a view: ${VIEWS.join(', ')}`);
    const diff = invocation.flag('diff');
    const report = await rebuildView(invocation, view, diff);
    tell(invocation, report);
    const differs = report.differing + report.onlyLive + report.onlyRebuilt;
    if (diff && differs > 0)
      throw new CliError(
        'partly',
        `${differs} rows differ; if that is right, swap them in with --accept`,
      );
  },
};

async function rebuildView(
  invocation: Invocation,
  view: View,
  diff: boolean,
): Promise<RebuildReport> {
  const signal = interruptSignal();
  const bar = {
    shown: undefined as ReturnType<Invocation['out']['progress']> | undefined,
    phase: '',
  };
  const onProgress = ({ phase, events, eventsTotal }: RebuildProgress): void => {
    if (bar.phase !== phase) {
      bar.shown?.end();
      bar.shown = invocation.out.progress(
        `${view}: ${phase}`,
        phase === 'reading' ? eventsTotal : undefined,
      );
      bar.phase = phase;
    }
    bar.shown?.update(events);
  };
  try {
    return await withLocalLedger(
      invocation.config,
      'rebuild',
      async ({ pool, journal, schemas, openPointerVault }) => {
        const { pointers } = await openPointerVault();
        return rebuild({
          pool,
          journal,
          schemas,
          pointers,
          view,
          diff,
          accept: invocation.flag('accept'),
          onProgress,
          signal,
        });
      },
    );
  } catch (cause) {
    if (cause instanceof ProjectionsError && cause.code === 'differs')
      throw new CliError('partly', cause.message, { cause });
    throw cause;
  } finally {
    bar.shown?.end();
  }
}

function tell({ out }: Invocation, report: RebuildReport): void {
  out.result(report, () => {
    const { view, events, seconds, rows, differing, onlyLive, onlyRebuilt, examples, swapped } =
      report;
    const rate = Math.round(events / Math.max(seconds, 0.001)).toLocaleString('en');
    return [
      `${view}: ${events.toLocaleString('en')} events into ${rows.toLocaleString('en')} rows in ${seconds.toFixed(1)} s (${rate} events/s)`,
      `${differing} rows differ, ${onlyLive} are only in the live view, ${onlyRebuilt} only in the new one`,
      ...examples.map((id) => `  ${id}`),
      swapped ? 'swapped in' : 'the live view is as it was',
    ].join('\n');
  });
}
