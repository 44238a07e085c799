import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Stretch } from './arrivals.ts';
import { TrafficError } from './errors.ts';

/**
 * How far the traffic has come. Holds no number and no id: the records themselves are drawn again
 * from the seed.
 */
export interface TrafficState {
  readonly version: 1;
  readonly seed: number;
  readonly stretches: readonly Stretch[];
  /** Everything up to here (µs since 1970) is durable in the ledger. */
  readonly publishedUntil: number;
}

/** @throws TrafficError `bad_state` when the file cannot be understood. */
export async function readState(file: string): Promise<TrafficState | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const state: TrafficState = JSON.parse(text);
    if (state.version === 1 && Array.isArray(state.stretches)) return state;
  } catch (cause) {
    throw unreadable(file, cause);
  }
  throw unreadable(file, undefined);
}

/** Replaces the file in one step: a crash leaves the old one or the new one. */
export async function writeState(file: string, state: TrafficState): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.part`;
  await writeFile(part, `${JSON.stringify(state)}\n`);
  await rename(part, file);
}

function unreadable(file: string, cause: unknown): TrafficError {
  return new TrafficError('bad_state', `${file} is damaged: delete it, and new traffic begins`, {
    cause,
  });
}
