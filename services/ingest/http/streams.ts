import { randomUUID } from 'node:crypto';
import { uuid5 } from '../ids/uuid5.ts';
import { isBlank, linesOf } from '../lines.ts';
import { RECORD_BYTES_MAX } from '../receive.ts';
import type { HandedIn, Intake, Sender } from './intake.ts';

/** How far a stream is durable. Lines count from the stream's start, also when it was cut before. */
export interface Progress {
  readonly durable: number;
  readonly events: number;
  readonly quarantined: number;
  readonly isEnd: boolean;
}

export interface StreamSettings {
  readonly sender: Sender;
  readonly format: string;
  /** The client's name for the stream; missing event ids derive from it and the line. */
  readonly stream?: string | undefined;
  /** Lines of the stream that were sent before. */
  readonly from?: number | undefined;
}

const PROGRESS_MS = 100;

/**
 * Takes an NDJSON stream of any length in, within bounded memory, and tells now and then how far it
 * is durable, and at the end.
 *
 * @throws IngestError `overloaded`, `store_away`, `stopped`
 */
export async function* takeStream(
  intake: Intake,
  chunks: AsyncIterable<Buffer>,
  { sender, format, stream = randomUUID(), from = 0 }: StreamSettings,
): AsyncGenerator<Progress> {
  intake.admit();
  const marks: { mark: number; durable: number; events: number; quarantined: number }[] = [];
  let line = from;
  let events = 0;
  let quarantined = 0;
  let told: Progress = { durable: from, events: 0, quarantined: 0, isEnd: false };
  let toldAt = Date.now();

  const durable = (isEnd: boolean): Progress => {
    while (marks.length > 0 && (marks[0]?.mark ?? 0) <= intake.durableMark) {
      const done = marks.shift();
      if (done === undefined) break;
      told = {
        durable: done.durable,
        events: done.events,
        quarantined: done.quarantined,
        isEnd: false,
      };
    }
    return { ...told, isEnd };
  };

  for await (const lines of linesOf(chunks, { longest: RECORD_BYTES_MAX })) {
    const first = line;
    line += lines.length;
    const records: HandedIn[] = [];
    lines.forEach((each, index) => {
      const nativeId = (): string => nativeIdOf(sender, stream, first + index);
      if (!isBlank(each)) records.push({ body: each.bytes, isCut: each.isTooLong, nativeId });
    });
    const handed = await intake.hand(sender, format, records);
    events += handed.events;
    quarantined += handed.quarantined;
    marks.push({ mark: handed.mark, durable: line, events, quarantined });
    await intake.room();
    if (Date.now() - toldAt < PROGRESS_MS) continue;
    toldAt = Date.now();
    const before = told.durable;
    const progress = durable(false);
    if (progress.durable > before) yield progress;
  }
  await intake.durable(marks.at(-1)?.mark ?? 0);
  yield durable(true);
}

export function nativeIdOf({ source }: Sender, stream: string, line: number): string {
  return uuid5('stream', source, stream, String(line));
}
