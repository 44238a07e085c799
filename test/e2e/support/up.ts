import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../../services/cli/main.ts');

/** A data folder of its own and the environment that points at it. */
export interface Site {
  readonly folder: string;
  readonly data: string;
  readonly env: NodeJS.ProcessEnv;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function newSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'tollbook-e2e-'));
  const data = join(folder, 'data');
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('TOLLBOOK_') && name !== 'NODE_OPTIONS',
  );
  return {
    folder,
    data,
    env: { ...Object.fromEntries(inherited), TOLLBOOK_DATA: data, TOLLBOOK_PORT: '0' },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line to its end. */
export function tollbook(
  site: Site,
  args: readonly string[],
  { input = '', env = {} as NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...site.env, ...env },
      stdio: 'pipe',
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin.end(input);
  });
}

export interface Up {
  readonly child: ChildProcess;
  /** With the token in its fragment. */
  readonly url: string;
  lines(): readonly string[];
  /** Resolves when a line says so; rejects after the time. */
  said(pattern: RegExp, withinMs?: number): Promise<string>;
  /** SIGINT; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `tollbook up` and waits until it says where it is. */
export async function startUp(site: Site, args: readonly string[] = []): Promise<Up> {
  const child = spawn(process.execPath, [MAIN, 'up', ...args], {
    env: site.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let rest = '';
  const take = (text: string): void => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const said = async (pattern: RegExp, withinMs = 60_000): Promise<string> => {
    for (const until = Date.now() + withinMs; Date.now() < until;) {
      const line = lines.find((candidate) => pattern.test(candidate));
      if (line !== undefined) return line;
      if (child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${String(pattern)} was not said:\n${lines.join('\n')}`);
  };
  const line = await said(/^tollbook is up: /);
  return {
    child,
    url: line.slice('tollbook is up: '.length),
    lines: () => lines,
    said,
    stop() {
      child.kill('SIGINT');
      return ended;
    },
  };
}
