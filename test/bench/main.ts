import { parseArgs } from 'node:util';
import { medians, type Figure, type Measured } from './figure.ts';
import { figures } from './figures/index.ts';
import { keep, shown } from './results.ts';
import { openWorld } from './world.ts';

/**
 * `npm run bench -- [NAME…] [--events N] [--runs N] [--profile DIR]`: measures on a real broker and
 * a real PostgreSQL and writes docs/performance.md. A name selects a figure; the others' results stay.
 */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      events: { type: 'string', default: '1000000' },
      runs: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const unknown = positionals.find((name) => !figures.some((figure) => figure.name === name));
  if (values.help === true || unknown !== undefined) {
    if (unknown !== undefined) say(`there is no figure ${unknown}`);
    say('npm run bench -- [NAME…] [--events N] [--runs N] [--profile DIR]');
    for (const { name, title } of figures) say(`  ${name.padEnd(12)} ${title}`);
    process.exitCode = unknown === undefined ? 0 : 2;
    return;
  }
  const wanted = figures.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  const options = { events: Number(values.events), profileDir: values.profile };
  const command = ['npm run bench --', ...process.argv.slice(2)].join(' ');
  await using world = await openWorld(say);
  for (const figure of wanted) {
    const runs = values.runs === undefined ? figure.runs : Number(values.runs);
    const measured: Measured[] = [];
    for (let run = 1; run <= runs; run += 1) {
      const result = await figure.measure(world, options);
      measured.push(result);
      say(`${figure.name} ${run}/${runs}: ${text(result)}`);
    }
    report(figure, measured, command);
  }
}

function report(figure: Figure, measured: readonly Measured[], command: string): void {
  const result = medians(measured);
  say(`${figure.title}: ${text(result)}`);
  keep(figure, result, measured.length, command);
}

function text(measured: Measured): string {
  return Object.entries(measured)
    .map(([quantity, value]) => `${shown(value)} ${quantity}`)
    .join(', ');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// Ends by `exit`, so that what was started (broker, roles) is killed with us.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
await main();
