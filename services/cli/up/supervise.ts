import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createBackoff, delay } from '#platform';
import { isMessage } from './messages.ts';
import type { FromRole, ToRole } from './messages.ts';
import { ROLE_NODE_FLAGS } from './node-flags.ts';
import { openRoleLog } from './role-log.ts';

export interface SupervisedRole {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface SupervisorOptions {
  readonly logs: string;
  /** Prints a plain line for the person at the terminal. */
  readonly say: (line: string) => void;
}

export interface Supervisor {
  /** Resolves when the role said that it is ready; rejects when it ended or halted before. */
  start(role: SupervisedRole): Promise<{ line: string; url?: string }>;
  /** Stops the roles in the order given, each when the one before has ended. */
  stop(order: readonly (readonly string[])[]): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const STOP_MS = 30_000;
const STEADY_MS = 60_000;
const METRICS_MS = 700;

interface Supervised {
  readonly role: SupervisedRole;
  child: ChildProcess | undefined;
  stopping: boolean;
  halted: boolean;
}

/** Runs role processes, restarts one that crashed (saying so), and carries metrics between them. */
export function createSupervisor({ logs, say }: SupervisorOptions): Supervisor {
  const running = new Map<string, Supervised>();
  const collections = createCollections(() =>
    [...running.values()].flatMap(({ child }) => child ?? []),
  );

  const launch = (
    supervised: Supervised,
    onMessage: (message: FromRole) => void,
  ): Promise<string> => {
    const { role } = supervised;
    const log = openRoleLog(logs, role.name);
    // A process group of its own: Ctrl-C reaches the supervisor alone, which then stops in order.
    const child = spawn(process.execPath, [...ROLE_NODE_FLAGS, MAIN, 'run', role.name], {
      env: role.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    supervised.child = child;
    child.stdout?.on('data', (chunk: Buffer) => log.write(chunk));
    child.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
    child.on('message', (message) => {
      // Our own program is at the other end.
      if (isMessage(message)) onMessage(message as FromRole);
    });
    return new Promise((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => {
        log.close();
        supervised.child = undefined;
        const why = reasonIn(log.tail());
        resolve(
          `${signal === null ? `exit ${code ?? '?'}` : signal}${why === '' ? '' : `: ${why}`}`,
        );
      });
    });
  };

  const keep = async (
    supervised: Supervised,
    first: (message: FromRole) => void,
    ended: (why: string) => void,
  ): Promise<void> => {
    const { name } = supervised.role;
    const backoff = createBackoff({ firstMs: 500, maxMs: 15_000 });
    for (let onReady = first; !supervised.stopping && !supervised.halted; onReady = sayAgain) {
      const began = Date.now();
      const why = await launch(supervised, (message) => {
        if (message.type === 'line') say(`${name}: ${message.line}`);
        if (message.type === 'halted') {
          supervised.halted = true;
          say(`${name} halted: ${message.line}`);
        }
        if (message.type === 'collect') collections.begin(message.id, supervised);
        if (message.type === 'metrics') collections.add(message.id, message.metrics);
        if (message.type === 'ready') onReady(message);
      });
      ended(why);
      if (supervised.stopping || supervised.halted) return;
      if (Date.now() - began > STEADY_MS) backoff.reset();
      const wait = Math.round(backoff.next());
      say(`${name} ended (${why}); starting it again in ${(wait / 1000).toFixed(1)} s`);
      await delay(wait);
    }
  };

  const sayAgain = (message: FromRole): void => {
    if (message.type === 'ready') say(`${message.line} (again)`);
  };

  const stopOne = async (name: string): Promise<void> => {
    const supervised = running.get(name);
    if (supervised === undefined) return;
    supervised.stopping = true;
    const { child } = supervised;
    if (child === undefined || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    const limit = setTimeout(() => {
      say(
        `${name} did not stop within ${STOP_MS / 1000} s; ending it (nothing is lost, the next start repeats its last step)`,
      );
      child.kill('SIGKILL');
    }, STOP_MS);
    await gone;
    clearTimeout(limit);
  };

  return {
    start: (role) =>
      new Promise((resolve, reject) => {
        const supervised: Supervised = { role, child: undefined, stopping: false, halted: false };
        running.set(role.name, supervised);
        void keep(
          supervised,
          (message) => {
            if (message.type === 'ready')
              resolve({
                line: message.line,
                ...(message.url === undefined ? {} : { url: message.url }),
              });
          },
          (why) => reject(new Error(why)),
        );
      }),
    async stop(order) {
      for (const names of order) await Promise.all(names.map(stopOne));
    },
  };
}

/** One question of the API to every role, answered with what came within the time. */
function createCollections(children: () => ChildProcess[]) {
  const open = new Map<number, Extract<FromRole, { type: 'metrics' }>['metrics'][]>();
  const tell = (child: ChildProcess, message: ToRole): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  return {
    begin(id: number, asker: Supervised): void {
      const answers: Extract<FromRole, { type: 'metrics' }>['metrics'][] = [];
      open.set(id, answers);
      for (const child of children())
        if (child !== asker.child) tell(child, { type: 'metrics?', id });
      setTimeout(() => {
        open.delete(id);
        if (asker.child !== undefined)
          tell(asker.child, { type: 'collected', id, metrics: answers });
      }, METRICS_MS).unref();
    },
    add(id: number, metrics: Extract<FromRole, { type: 'metrics' }>['metrics']): void {
      open.get(id)?.push(metrics);
    },
  };
}

/** The last sentence a role wrote before it ended: a log line's message, or the text itself. */
function reasonIn(tail: readonly string[]): string {
  for (const line of tail.toReversed()) {
    if (!line.startsWith('{')) {
      if (line.startsWith('tollbook: ')) return line.slice('tollbook: '.length);
      continue;
    }
    try {
      const entry: unknown = JSON.parse(line);
      if (typeof entry !== 'object' || entry === null || !('msg' in entry)) continue;
      if (!('level' in entry) || (entry.level !== 'error' && entry.level !== 'fatal')) continue;
      const cause =
        'err' in entry &&
        typeof entry.err === 'object' &&
        entry.err !== null &&
        'message' in entry.err
          ? `: ${String(entry.err.message)}`
          : '';
      return `${String(entry.msg)}${cause}`;
    } catch {
      // A line cut by the buffer; the one before will do.
    }
  }
  return '';
}
