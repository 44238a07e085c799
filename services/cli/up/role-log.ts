import { createWriteStream, renameSync, statSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { join } from 'node:path';

/** A role's log file: NDJSON as the role wrote it, turned over at 8 MiB, one older file kept. */
export interface RoleLog {
  write(chunk: Buffer): void;
  /** The last few lines, for the message after a crash. */
  tail(): string[];
  close(): void;
}

const TURN_BYTES = 8 * 1024 * 1024;
const TAIL_BYTES = 4_096;

export function openRoleLog(directory: string, role: string): RoleLog {
  const file = join(directory, `${role}.log`);
  let size = sizeOf(file);
  let stream: WriteStream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  stream.on('error', () => undefined);
  let last = Buffer.alloc(0);
  return {
    write(chunk) {
      if (size > TURN_BYTES) {
        stream.end();
        renameSync(file, `${file}.1`);
        stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
        // A full disk must not end the supervisor: the log is the least of its worries then.
        stream.on('error', () => undefined);
        size = 0;
      }
      size += chunk.length;
      stream.write(chunk);
      last = Buffer.concat([last, chunk]).subarray(-TAIL_BYTES);
    },
    tail: () => last.toString('utf8').trim().split('\n').slice(-3),
    close: () => void stream.end(),
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
