import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createRecordDecoder } from '../decode-record.ts';
import type { Format } from '../formats/format.ts';
import { formatNamed } from '../formats/index.ts';
import { IngestError } from '../errors.ts';
import { monthOf } from '../ids/month.ts';
import { mayNameSomeone } from '../ids/native-id.ts';
import { createScopedIds } from '../ids/scoped-ids.ts';
import { uuid5 } from '../ids/uuid5.ts';
import type { Line } from '../lines.ts';
import { isBlank, linesOf } from '../lines.ts';
import { openWriter, whileAway } from '../log-writer.ts';
import type { SharedParts } from '../parts.ts';
import { createPipeline } from '../pipeline.ts';
import { createReceiver, RECORD_BYTES_MAX } from '../receive.ts';
import { Slice } from '../slice.ts';
import { contentIds } from './content-id.ts';

export interface FileToIngest {
  /** A path, or a stream with the name under which it can be taken up again. */
  readonly from:
    { readonly path: string } | { readonly stdin: Readable; readonly stream?: string | undefined };
  readonly source: string;
  readonly format: string;
  /** History older than L, in logs of its own. */
  readonly isImport: boolean;
  readonly onProgress?: ((progress: FileProgress) => void) | undefined;
  /** Stops cleanly: what was read becomes durable, and the same command goes on from there. */
  readonly signal?: AbortSignal | undefined;
}

export interface FileProgress {
  /** Bytes of the file that are durable, and its size where it is known. */
  readonly bytes: number;
  readonly totalBytes: number | undefined;
  readonly events: number;
  readonly quarantined: number;
}

export interface FileResult extends FileProgress {
  readonly log: string;
  /** False where it was stopped: the same command takes it up again. */
  readonly isComplete: boolean;
  /** Bytes that an earlier run had made durable. */
  readonly resumedAt: number;
}

const SNIFFED_BYTES = RECORD_BYTES_MAX;

/**
 * Brings a file or stream into a log named by its content (or the stream's name); the log's head
 * tells where an earlier run got to, so nothing is taken twice.
 *
 * @throws IngestError `unknown_format`, `bad_source`, `bad_stream`, `superseded`, `store_full`
 */
export async function ingestFile(parts: SharedParts, file: FileToIngest): Promise<FileResult> {
  const format = formatNamed(file.format);
  const name = await nameOf(parts, file);
  const stop = new AbortController();
  const { journal, sealer, idKeys, logger, failpoint, metrics } = parts;
  const writer = await openWriter(
    { journal, sealer, idKeys, logger, failpoint },
    name.log,
    stop.signal,
  );
  const resumedAt = writer.resume ?? 0;
  const counted = { bytes: resumedAt, totalBytes: name.totalBytes, events: 0, quarantined: 0 };
  const pipeline = createPipeline(writer, (slice) => {
    metrics.durable(file.source, slice);
    counted.bytes = writer.resume ?? counted.bytes;
    counted.events += slice.entries.length - slice.quarantined;
    counted.quarantined += slice.quarantined;
    file.onProgress?.({ ...counted });
  });
  const receiver = fileReceiver(parts, file, { format, log: name.log, keyMonth: name.keyMonth });
  let slice = new Slice();
  for await (const lines of recordsOf(file, format, resumedAt)) {
    for (const line of lines) {
      if (file.signal?.aborted) break;
      if (isBlank(line)) continue;
      const record = {
        body: line.bytes,
        isCut: line.isTooLong,
        offset: line.from,
        resume: line.to,
        nativeId: () => uuid5('file', name.id, String(line.from)),
      };
      const waiting = receiver.receive(record, slice);
      if (waiting !== undefined) await waiting;
      if (slice.entries.length === 2) failpoint('ingest.mid_slice');
      if (!slice.isFull) continue;
      await pipeline.push(slice);
      slice = new Slice();
    }
    if (file.signal?.aborted) break;
  }
  if (!slice.isEmpty) await pipeline.push(slice);
  await pipeline.drain();
  const isComplete = file.signal?.aborted !== true;
  return {
    ...counted,
    bytes: isComplete ? (name.totalBytes ?? counted.bytes) : counted.bytes,
    log: name.log,
    isComplete,
    resumedAt,
  };
}

interface FileName {
  readonly log: string;
  readonly id: string;
  readonly totalBytes: number | undefined;
  /** Import: the month whose id key serves for all its ids. */
  readonly keyMonth: number | undefined;
}

/** The log of an earlier run of the same content, last month's run included, or a new one. */
async function nameOf(parts: SharedParts, file: FileToIngest): Promise<FileName> {
  const { journal, clock, idKeys, logger } = parts;
  const month = monthOf(clock.now());
  const logName = (id: string, ofMonth: number): string =>
    file.isImport ? `m/${ofMonth}/${file.source}/${id}` : `i/file/${file.source}/${id}`;
  const keyMonth = (ofMonth: number): number | undefined => (file.isImport ? ofMonth : undefined);
  if ('stdin' in file.from) {
    const id = checkStream(file.from.stream ?? randomUUID());
    return { log: logName(id, month), id, totalBytes: undefined, keyMonth: keyMonth(month) };
  }
  const { path } = file.from;
  const months = [month, month - 1];
  for (const each of months) await idKeys.load(each);
  const keys = months.flatMap((each) => idKeys.get(each) ?? []);
  const [{ size }, ids] = await Promise.all([stat(path), contentIds(path, keys, file.signal)]);
  const signal = file.signal ?? new AbortController().signal;
  for (const [index, id] of ids.entries()) {
    const ofMonth = months[index] ?? month;
    const log = logName(id, ofMonth);
    const isLast = index === ids.length - 1;
    const head = await whileAway(logger, signal, () => journal.head(log));
    if (head !== undefined) return { log, id, totalBytes: size, keyMonth: keyMonth(ofMonth) };
    if (isLast) break;
  }
  const id = ids[0] ?? randomUUID();
  return { log: logName(id, month), id, totalBytes: size, keyMonth: keyMonth(month) };
}

/** The name stands in the log's name, in clear. */
function checkStream(name: string): string {
  if (STREAM.test(name) && !mayNameSomeone(name)) return name;
  throw new IngestError(
    'bad_stream',
    'a stream name has 1 to 64 letters, digits, dots, dashes or underscores, and nothing that reads like a telephone number',
  );
}

const STREAM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

function fileReceiver(
  { schemas, clock, idKeys, sources, numbers, domains, latenessUs, wire }: SharedParts,
  file: FileToIngest,
  into: { readonly format: Format; readonly log: string; readonly keyMonth: number | undefined },
) {
  const { format, log, keyMonth } = into;
  return createReceiver({
    schemas,
    clock,
    idKeys,
    decoder: createRecordDecoder({ schemas, wire, format, signal: file.signal }),
    scope: {
      source: sources.get(file.source),
      ids: createScopedIds(file.source, idKeys, keyMonth),
      numbers,
      domains,
      latenessUs: file.isImport ? undefined : latenessUs,
    },
    log,
    format: format.name,
  });
}

/** Records from the byte `from` on, in batches. */
async function* recordsOf(
  file: FileToIngest,
  format: Format,
  from: number,
): AsyncGenerator<Line[]> {
  if ('stdin' in file.from) {
    yield* linesOf(passOver(file.from.stdin, from), { longest: RECORD_BYTES_MAX, from });
    return;
  }
  const { path } = file.from;
  if (format.framing === 'document' && (await isOneDocument(path))) {
    yield* documentOf(path, from);
    return;
  }
  yield* linesOf(createReadStream(path, { start: from, highWaterMark: 256 * 1024 }), {
    longest: RECORD_BYTES_MAX,
    from,
  });
}

/** A stream sent again from its start: the part that is durable is read past. */
async function* passOver(stdin: Readable, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of stdin) {
    const buffer: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    const passed = Math.min(left, buffer.length);
    left -= passed;
    if (passed < buffer.length) yield buffer.subarray(passed);
  }
}

/** Whether a record reaches over several lines, as a document written for people does. */
async function isOneDocument(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(SNIFFED_BYTES),
      0,
      SNIFFED_BYTES,
      0,
    );
    const text = buffer.toString('utf8', 0, bytesRead).trimStart();
    const end = text.indexOf('\n');
    const first = (end < 0 ? text : text.slice(0, end)).trim();
    return end >= 0 && first.startsWith('{') && !first.endsWith('}');
  } finally {
    await handle.close();
  }
}

async function* documentOf(path: string, from: number): AsyncGenerator<Line[]> {
  const { size } = await stat(path);
  if (from >= size) return;
  const parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of createReadStream(path)) {
    const buffer: Buffer = chunk;
    if (held <= RECORD_BYTES_MAX) parts.push(buffer);
    held += buffer.length;
  }
  const bytes = Buffer.concat(parts).subarray(0, RECORD_BYTES_MAX + 1);
  yield [{ bytes, from: 0, to: size, isTooLong: held > RECORD_BYTES_MAX }];
}
