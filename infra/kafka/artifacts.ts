import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = import.meta.dirname;

/** Kafka's version as the pom names it; also the name of the cache folder. */
export const kafkaVersion =
  /<kafka\.version>([^<]+)</.exec(readFileSync(join(here, 'pom.xml'), 'utf8'))?.[1] ?? 'unknown';

export const defaultCacheDir = join(homedir(), '.cache', 'tollbook', `kafka-${kafkaVersion}`);

/** The broker cannot run on this machine; the message says what is missing. */
export class BrokerUnavailable extends Error {
  override readonly name = 'BrokerUnavailable';
}

/**
 * A folder holding every jar of the broker. Asks Maven for them once; later calls (and other
 * processes, which may ask at the same time) find the folder complete or not at all.
 */
export async function ensureArtifacts(options: {
  cacheDir?: string;
  log?: (line: string) => void;
}): Promise<string> {
  const cacheDir = options.cacheDir ?? defaultCacheDir;
  await requireJava();
  if (isComplete(cacheDir)) return cacheDir;
  await requireTool('mvn', ['-v'], 'Maven (`mvn`) is not installed, and it would fetch the broker');
  options.log?.(`fetching Kafka ${kafkaVersion} with Maven into ${cacheDir}`);
  const part = `${cacheDir}.part-${process.pid}`;
  mkdirSync(part, { recursive: true });
  try {
    await run(
      'mvn',
      [
        ...['-q', '-B', '-f', join(here, 'pom.xml'), 'dependency:copy-dependencies'],
        ...['-DincludeScope=runtime', `-DoutputDirectory=${part}`],
      ],
      { timeout: 600_000, maxBuffer: 16 << 20 },
    );
    if (!isComplete(part)) throw new Error('Maven reported success but copied no broker');
    publish(part, cacheDir);
  } catch (cause) {
    throw new BrokerUnavailable(
      `Maven could not fetch Kafka ${kafkaVersion}: ${firstLine(cause)}`,
      {
        cause,
      },
    );
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return cacheDir;
}

function isComplete(dir: string): boolean {
  return existsSync(dir) && readdirSync(dir).includes(`kafka_2.13-${kafkaVersion}.jar`);
}

/** Moves the finished folder into place; a process that was faster has put the same one there. */
function publish(part: string, cacheDir: string): void {
  try {
    renameSync(part, cacheDir);
  } catch (error) {
    if (!isComplete(cacheDir)) throw error;
  }
}

async function requireJava(): Promise<void> {
  const text = await requireTool('java', ['-version'], 'Java is not installed (17 or later)');
  const major = Number(/version "(\d+)/.exec(text)?.[1] ?? 0);
  if (major < 17) throw new BrokerUnavailable(`Kafka needs Java 17 or later, found ${major}`);
}

async function requireTool(tool: string, args: string[], missing: string): Promise<string> {
  try {
    const { stdout, stderr } = await run(tool, args, { timeout: 60_000 });
    return stdout + stderr;
  } catch (cause) {
    throw new BrokerUnavailable(missing, { cause });
  }
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const lines = text.split('\n');
  return lines.find((line) => line.includes('ERROR')) ?? lines[0] ?? '';
}
