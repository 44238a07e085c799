import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import type { CaseResult } from './case.ts';
import { points } from './points.ts';

/** Writes docs/faults.md from every case run so far. */
export function writeReport(results: readonly CaseResult[]): void {
  const lines = [
    '# What was killed, and what held',
    '',
    'Written by `npm run faults`. Each case plays a seed of the traffic generator (repeats, late,',
    'overtaken, conflicting and broken records among it) through a real broker and PostgreSQL, kills a',
    'process with `kill -9` at a named point, starts it again, and then compares everything with what',
    'the generator knows: every offset in the journal once (I1, I2), records, conflicts and usage as',
    'they must be (I2), a rebuild of cdr, history, quarantine and usage equal to the live views (I4),',
    'and no number in any file of database, data folder or logs (I8).',
    '',
    'A seed is replayed by `npm run faults -- --seeds N..N --point NAME --again`.',
    '',
    '| point | what dies there | seeds | died there | records | findings |',
    '|---|---|---|---|---|---|',
  ];
  for (const { name, what, dies } of points) {
    const own = results.filter(({ point }) => point === name);
    const sum = (of: (result: CaseResult) => number): number =>
      own.reduce((total, result) => total + of(result), 0);
    const died = sum(({ died: dead }) => (dead ? 1 : 0));
    const findings = sum((result) => result.findings.length);
    const records = sum((result) => result.records).toLocaleString('en-GB');
    lines.push(
      `| \`${name}\` | ${dies}: ${what} | ${own.length} | ${died} | ${records} | ${findings} |`,
    );
  }
  const bad = results.filter(({ findings }) => findings.length > 0);
  lines.push('', bad.length === 0 ? 'No case found anything.' : 'Cases with findings:', '');
  for (const { point, seed, findings } of bad) {
    lines.push(`- \`${point}\` seed ${seed}: ${findings.slice(0, 3).join('; ')}`);
  }
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const date = new Date().toISOString().slice(0, 10);
  lines.push('', `Last run ${date} on ${cpus().length} × ${model}, Node ${process.version}.`);
  writeFileSync(resolve('docs', 'faults.md'), `${lines.join('\n').replace(/\n{3,}/g, '\n\n')}\n`);
}
