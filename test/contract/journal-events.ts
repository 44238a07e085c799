import { randomBytes } from 'node:crypto';
import type { Journal, NewEvent, RecordedEvent } from '#journal';

/** Any event; `over` fixes what matters to a test. */
export function anEvent(over: Partial<NewEvent> = {}): NewEvent {
  return {
    id: randomBytes(16),
    type: 'call.ended',
    data: randomBytes(24),
    meta: randomBytes(8),
    ...over,
  };
}

/** `count` events of which each completes a source record: resume from `resume` on. */
export function aSlice(count: number, resume = 1): NewEvent[] {
  return Array.from({ length: count }, (_, i) => anEvent({ resume: resume + i }));
}

export async function readAll(
  journal: Journal,
  log: string,
  after = 0,
  limit = 1000,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of journal.readLog(log, after, limit)) events.push(...batch);
  return events;
}

/** What a test compares: everything the writer gave, in plain values. */
export function content({ id, type, data, meta, resume }: NewEvent): unknown {
  return { id: hex(id), type, data: hex(data), meta: hex(meta), resume };
}

export function ids(events: readonly NewEvent[]): string[] {
  return events.map((event) => hex(event.id));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
