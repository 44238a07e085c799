/** What the stub server keeps: streams in memory under KurrentDB's rules for versions and ids. */

export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface StubEvent extends ProposedEvent {
  readonly stream: string;
  readonly revision: number;
  /** In .NET ticks (100 ns since the epoch), as the wire has it. */
  readonly createdTicks: bigint;
  /** Place in the server's one log. */
  readonly logPosition: number;
}

export type ExpectedRevision = 'any' | 'no_stream' | 'stream_exists' | number;

export type WriteResult =
  | { readonly outcome: 'written'; readonly last: number }
  | { readonly outcome: 'wrong_expected_version'; readonly current: number }
  | { readonly outcome: 'deleted' }
  | { readonly outcome: 'too_large' };

export interface StubStore {
  write(stream: string, expected: ExpectedRevision, events: readonly ProposedEvent[]): WriteResult;
  /** Undefined for a stream that does not exist; empty behind its end. */
  read(
    stream: string,
    from: number | 'start' | 'end',
    backwards: boolean,
    count: number,
  ): StubEvent[] | 'deleted' | undefined;
  /** As `$tb` does: events below `revision` are no longer read. */
  truncate(stream: string, revision: number): void;
  tombstone(stream: string): void;
}

interface Stream {
  readonly events: StubEvent[];
  readonly byId: Map<string, number>;
  truncatedBefore: number;
  deleted: boolean;
}

export function createStubStore({ maxAppendSize = 1024 * 1024 } = {}): StubStore {
  const streams = new Map<string, Stream>();
  let logPosition = 0;

  function write(
    name: string,
    expected: ExpectedRevision,
    events: readonly ProposedEvent[],
  ): WriteResult {
    if (sizeOf(events) > maxAppendSize) return { outcome: 'too_large' };
    const stream: Stream = streams.get(name) ?? {
      events: [],
      byId: new Map(),
      truncatedBefore: 0,
      deleted: false,
    };
    if (stream.deleted) return { outcome: 'deleted' };
    const check = checkVersion(stream, expected, events);
    if (check !== 'write') return check;
    streams.set(name, stream);
    const createdTicks = BigInt(Date.now()) * 10_000n;
    for (const event of events) {
      const revision = stream.events.length;
      logPosition += 1;
      stream.events.push({ ...event, stream: name, revision, createdTicks, logPosition });
      stream.byId.set(event.id, revision);
    }
    return { outcome: 'written', last: stream.events.length - 1 };
  }

  return {
    write,
    read(name, from, backwards, count) {
      const stream = streams.get(name);
      if (stream === undefined) return undefined;
      if (stream.deleted) return 'deleted';
      const last = stream.events.length - 1;
      const start = from === 'start' ? 0 : from === 'end' ? last : from;
      const events = backwards
        ? stream.events.slice(Math.max(0, start + 1 - count), start + 1).toReversed()
        : stream.events.slice(Math.max(start, stream.truncatedBefore)).slice(0, count);
      return events.filter((event) => event.revision >= stream.truncatedBefore);
    },
    truncate(name, revision) {
      const stream = streams.get(name);
      if (stream !== undefined) stream.truncatedBefore = revision;
    },
    tombstone(name) {
      const stream = streams.get(name);
      if (stream !== undefined) stream.deleted = true;
    },
  };
}

/** The server's way of telling a repeated write from a wrong one. */
function checkVersion(
  stream: Stream,
  expected: ExpectedRevision,
  events: readonly ProposedEvent[],
): WriteResult | 'write' {
  const current = stream.events.length - 1;
  const wrong: WriteResult = { outcome: 'wrong_expected_version', current };
  if (expected === 'stream_exists' && current < 0) return wrong;
  if (expected === 'any' || expected === 'stream_exists') {
    // Best effort: by ids the server still remembers.
    const known = events.map((event) => stream.byId.get(event.id));
    if (events.length === 0 || known[0] === undefined) return 'write';
    const last = known.at(-1);
    return last === undefined || known.includes(undefined) ? wrong : { outcome: 'written', last };
  }
  const revision = expected === 'no_stream' ? -1 : expected;
  if (revision === current) return 'write';
  if (revision > current || events.length === 0) return wrong;
  // Behind the end: a repeat if every event stands where it would have gone.
  const repeated = events.every((event, i) => stream.events[revision + 1 + i]?.id === event.id);
  return repeated ? { outcome: 'written', last: revision + events.length } : wrong;
}

function sizeOf(events: readonly ProposedEvent[]): number {
  let bytes = 0;
  for (const { type, data, metadata } of events)
    bytes += 17 + 2 * type.length + data.length + metadata.length;
  return bytes;
}
