import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import type { Figure, Measured } from './figure.ts';
import { benchDir } from './world.ts';

interface Kept {
  readonly title: string;
  readonly measured: Measured;
  readonly runs: number;
  readonly at: string;
  readonly command: string;
}

const file = join(benchDir, 'results.json');
const page = resolve('docs', 'performance.md');
const begin = '<!-- bench: begin (written by npm run bench) -->';
const end = '<!-- bench: end -->';

/** Keeps a figure and writes the page's table anew; figures measured before stay in it. */
export function keep(figure: Figure, measured: Measured, runs: number, command: string): void {
  const all = readAll();
  all[figure.name] = {
    title: figure.title,
    measured,
    runs,
    command,
    at: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
  writeFileSync(file, JSON.stringify(all, undefined, 2));
  if (!existsSync(page)) return;
  const text = readFileSync(page, 'utf8');
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) return;
  writeFileSync(page, `${before}${begin}\n\n${table(all)}\n${end}${after}`);
}

function readAll(): Record<string, Kept> {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

function table(all: Readonly<Record<string, Kept>>): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const memory = Math.round(totalmem() / 2 ** 30);
  const lines = [
    `Machine: ${cpus().length} × ${model}, ${memory} GiB, Node ${process.version}.`,
    '',
    '| figure | measured | runs | when (UTC) | command |',
    '|---|---|---|---|---|',
  ];
  for (const { title, measured, runs, at, command } of Object.values(all)) {
    const values = Object.entries(measured)
      .map(([quantity, value]) => `${shown(value)} ${quantity}`)
      .join('<br>');
    lines.push(`| ${title} | ${values} | ${runs} | ${at} | \`${command}\` |`);
  }
  return `${lines.join('\n')}\n`;
}

export function shown(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-GB');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
