import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startKafka } from '../support/kafka.ts';
import { runCase, type CaseResult } from './case.ts';
import { points } from './points.ts';
import { writeReport } from './report.ts';
import { openSite } from './site.ts';

const dir = resolve('.tollbook', 'faults');
const resultsFile = join(dir, 'results.json');

/**
 * `npm run faults -- --seeds A..B [--point NAME]… [--again]`: every seed at every point, each once:
 * what was run before is not run again. Writes docs/faults.md; ends with code 1 when a case found
 * something.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1..3' },
      point: { type: 'string', multiple: true },
      again: { type: 'boolean', default: false },
    },
  });
  const [from = 1, to = from] = values.seeds.split('..').map(Number);
  const wanted = points.filter(({ name }) => values.point?.includes(name) ?? true);
  mkdirSync(dir, { recursive: true });
  const results = readResults();
  await using kafka = await startKafka({ quickStart: false });
  await using site = await openSite(dir, kafka);
  for (let seed = from; seed <= to; seed += 1) {
    for (const point of wanted) {
      const key = `${point.name} ${seed}`;
      if (results[key] !== undefined && !values.again) continue;
      const result = await runCase(site, point, seed);
      results[key] = result;
      writeFileSync(resultsFile, JSON.stringify(results, undefined, 1));
      say(result);
    }
  }
  const all = Object.values(results);
  writeReport(all);
  const failed = all.filter(({ findings }) => findings.length > 0);
  process.stdout.write(`${all.length} cases, ${failed.length} with findings\n`);
  if (failed.length > 0) process.exitCode = 1;
}

function readResults(): Record<string, CaseResult> {
  return existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {};
}

function say({ point, seed, died, records, seconds, findings }: CaseResult): void {
  const how = died ? 'died there' : 'not reached';
  const verdict = findings.length === 0 ? 'all invariants hold' : findings.slice(0, 5).join('\n  ');
  process.stdout.write(
    `${point} seed ${seed}: ${records} records, ${how}, ${seconds.toFixed(1)} s: ${verdict}\n`,
  );
}

// Ends by `exit`, so that what was started (broker, roles) is killed with us.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
await main();
