import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROLE_NODE_FLAGS } from '../../services/cli/up/node-flags.ts';

export type RoleName = 'api' | 'ingest' | 'project' | 'traffic';

/** One role of the product, running by itself. */
export interface RoleProcess {
  readonly role: RoleName;
  readonly pid: number;
  /** Resolves with what it said when it was ready; rejects when it ended before. */
  readonly ready: Promise<{ readonly line: string; readonly url?: string }>;
  readonly ended: Promise<RoleEnd>;
  /** What it said it halted for, so far. */
  halted(): string | undefined;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<RoleEnd>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<RoleEnd>;
}

export interface RoleEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnRole {
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly nodeArgs?: readonly string[];
  readonly program?: readonly string[];
}

const main = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.ts');

export function spawnRole(role: RoleName, options: SpawnRole): RoleProcess {
  const log = openSync(options.logFile, 'a');
  const program = options.program ?? [main, 'run', role];
  const child = spawn(
    process.execPath,
    [...ROLE_NODE_FLAGS, ...(options.nodeArgs ?? []), ...program],
    { env: options.env, stdio: ['ignore', log, log, 'ipc'] },
  );
  closeSync(log);
  let halted: string | undefined;
  child.on('message', (message) => {
    if (isWord(message) && message.type === 'halted') halted = message.line;
  });
  const ended = new Promise<RoleEnd>((done) => {
    child.once('exit', (code, signal) => done({ code, signal }));
  });
  const end = (signal: NodeJS.Signals): Promise<RoleEnd> => {
    child.kill(signal);
    return ended;
  };
  const dieWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', dieWithUs);
  void ended.then(() => process.removeListener('exit', dieWithUs));
  return {
    role,
    pid: child.pid ?? 0,
    ready: readiness(child, ended, options.logFile),
    ended,
    halted: () => halted,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

interface Word {
  readonly type: string;
  readonly line: string;
  readonly url?: string;
}

/** The roles are our own program, so what says it is a word is one. */
function isWord(message: unknown): message is Word {
  return typeof message === 'object' && message !== null && 'type' in message && 'line' in message;
}

function readiness(
  child: ChildProcess,
  ended: Promise<RoleEnd>,
  logFile: string,
): Promise<{ line: string; url?: string }> {
  const ready = new Promise<{ line: string; url?: string }>((resolve, reject) => {
    child.on('message', (message) => {
      if (isWord(message) && message.type === 'ready') resolve(message);
    });
    void ended.then(({ code, signal }) => {
      const tail = readFileSync(logFile, 'utf8').trim().split('\n').slice(-3).join(' | ');
      reject(new Error(`the role ended (${signal ?? code}) before it was ready: ${tail}`));
    });
  });
  // Whoever expects the role to die does not ask.
  ready.catch(() => undefined);
  return ready;
}
