import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileProgress } from '#ingest';
import { NOON_US } from '#test/support/vault.ts';
import { channel } from './support/freeswitch.ts';
import { testLedger } from './support/ledger.ts';
import { initiated } from './support/samples.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollbook-files-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

function lines(count: number, fields: (n: number) => Record<string, unknown> = () => ({})): string {
  return Array.from(
    { length: count },
    (_, n) =>
      `${JSON.stringify(initiated({ eventId: undefined, communicationId: `k${n}`, ...fields(n) }))}\n`,
  ).join('');
}

async function file(name: string, text: string): Promise<{ path: string }> {
  const path = join(folder, name);
  await writeFile(path, text);
  return { path };
}

const base = { source: 'archive', format: 'tollbook', isImport: false };

describe('ingestFile', () => {
  test('takes a file in once, however often it is given, and tells how far it is', async () => {
    await using ledger = await testLedger();
    const from = await file('once.ndjson', lines(2_500));
    const progress: FileProgress[] = [];
    const first = await ledger.ingest.ingestFile({
      ...base,
      from,
      onProgress: (each) => progress.push(each),
    });
    expect(first).toMatchObject({ events: 2_500, quarantined: 0, isComplete: true, resumedAt: 0 });
    expect(progress.length).toBeGreaterThanOrEqual(3);
    expect(progress.at(-1)).toMatchObject({ bytes: first.totalBytes, events: 2_500 });

    const second = await ledger.ingest.ingestFile({ ...base, from });
    expect(second).toMatchObject({ events: 0, resumedAt: first.totalBytes, log: first.log });
    expect(await ledger.events(first.log)).toHaveLength(2_500);
  });

  test('stopped half-way, the same command goes on where it stopped', async () => {
    await using ledger = await testLedger();
    const from = await file('stopped.ndjson', lines(6_000));
    const stop = new AbortController();
    const first = await ledger.ingest.ingestFile({
      ...base,
      from,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    expect(first.isComplete).toBe(false);
    expect(first.events).toBeGreaterThan(0);
    expect(first.events).toBeLessThan(6_000);
    const second = await ledger.ingest.ingestFile({ ...base, from });
    expect(second.isComplete).toBe(true);
    expect(first.events + second.events).toBe(6_000);
    const offsets = (await ledger.events(first.log)).map(
      ({ envelope }) => envelope.coordinate.offset,
    );
    expect(new Set(offsets).size).toBe(6_000);
  });

  test('names a log by content under a key, so the name says nothing of a small file', async () => {
    await using ledger = await testLedger();
    const from = await file('small.ndjson', lines(1));
    const { log } = await ledger.ingest.ingestFile({ ...base, from });
    await using other = await testLedger();
    const { log: elsewhere } = await other.ingest.ingestFile({ ...base, from });
    expect(log).toMatch(/^i\/file\/archive\/[0-9a-f]{32}$/);
    expect(elsewhere).not.toBe(log);
  });

  test('recognises a file of last month', async () => {
    await using ledger = await testLedger({ now: Date.UTC(2026, 9, 31, 23) * 1000 });
    const from = await file(
      'month.ndjson',
      lines(3, () => ({ occurredAt: Date.UTC(2026, 9, 31) * 1000 })),
    );
    const first = await ledger.ingest.ingestFile({ ...base, from });
    ledger.place.clock.set(Date.UTC(2026, 10, 1, 1) * 1000);
    expect(await ledger.ingest.ingestFile({ ...base, from })).toMatchObject({
      events: 0,
      log: first.log,
    });
  });

  test('history goes to quarantine without --import, and into a log of its own with it', async () => {
    await using ledger = await testLedger();
    const from = await file(
      'history.ndjson',
      lines(3, () => ({ occurredAt: NOON_US - 200 * 86_400_000_000 })),
    );
    expect(await ledger.ingest.ingestFile({ ...base, from })).toMatchObject({
      events: 0,
      quarantined: 3,
    });
    const imported = await ledger.ingest.ingestFile({ ...base, from, isImport: true });
    expect(imported).toMatchObject({ events: 3, quarantined: 0 });
    expect(imported.log).toMatch(/^m\/682\/archive\//);
  });

  test('takes a stream, passing over what an earlier run of the same stream made durable', async () => {
    await using ledger = await testLedger();
    const text = lines(50);
    const half = text.slice(0, text.indexOf('\n', text.length / 2) + 1);
    const give = (stdin: string) =>
      ledger.ingest.ingestFile({
        ...base,
        from: { stdin: Readable.from([Buffer.from(stdin)]), stream: 'nightly' },
      });
    const first = await give(half);
    const second = await give(text);
    expect(first.events + second.events).toBe(50);
    expect(second.resumedAt).toBe(Buffer.byteLength(half));
    expect(await ledger.events('i/file/archive/nightly')).toHaveLength(50);
  });

  test('streams of two sources have logs of their own, whatever their names', async () => {
    await using ledger = await testLedger();
    const give = (source: string, stream: string) =>
      ledger.ingest.ingestFile({
        ...base,
        source,
        from: { stdin: Readable.from([Buffer.from(lines(3))]), stream },
      });
    expect(await give('pbx', 'eu-cdr')).toMatchObject({ events: 3 });
    expect(await give('pbx-eu', 'cdr')).toMatchObject({ events: 3, resumedAt: 0 });
  });

  test.each(['a b', '447700900123', 'x'.repeat(80), 'a/b'])(
    'refuses the stream name %s',
    async (stream) => {
      await using ledger = await testLedger();
      const from = { stdin: Readable.from([]), stream };
      await expect(ledger.ingest.ingestFile({ ...base, from })).rejects.toMatchObject({
        code: 'bad_stream',
      });
    },
  );

  test('reads a FreeSWITCH record that is written over several lines', async () => {
    await using ledger = await testLedger();
    const us = NOON_US - 3_600_000_000;
    const record = channel({
      start_uepoch: String(us),
      answer_uepoch: String(us + 1),
      progress_media_uepoch: String(us + 1),
      end_uepoch: String(us + 2),
    });
    const from = await file('a.cdr.json', JSON.stringify(record, null, 2));
    expect(await ledger.ingest.ingestFile({ ...base, format: 'freeswitch', from })).toMatchObject({
      events: 4,
      quarantined: 0,
    });
    const many = await file(
      'many.cdr.json',
      `${JSON.stringify(record)}\n${JSON.stringify(record)}\n`,
    );
    expect(
      await ledger.ingest.ingestFile({ ...base, format: 'freeswitch', from: many }),
    ).toMatchObject({ events: 8 });
  });

  test('a file that grew is another file, and its first part is recognised by event id', async () => {
    await using ledger = await testLedger();
    const from = await file(
      'grown.ndjson',
      lines(5, (n) => ({ eventId: `e${n}` })),
    );
    const first = await ledger.ingest.ingestFile({ ...base, from });
    await appendFile(
      from.path,
      lines(1, () => ({ eventId: 'e5' })),
    );
    const second = await ledger.ingest.ingestFile({ ...base, from });
    const ids = async (log: string) => (await ledger.events(log)).map(({ facts }) => facts.eventId);
    expect((await ids(second.log)).slice(0, 5)).toEqual(await ids(first.log));
  });

  test('names formats it has when asked for one it has not', async () => {
    await using ledger = await testLedger();
    const from = await file('x', '');
    await expect(
      ledger.ingest.ingestFile({ ...base, from, format: 'telegraph' }),
    ).rejects.toMatchObject({
      code: 'unknown_format',
      message: expect.stringContaining('tollbook, freeswitch'),
    });
  });

  test('a stream shorter than what was durable of it adds nothing', async () => {
    await using ledger = await testLedger();
    const give = (text: string) =>
      ledger.ingest.ingestFile({
        ...base,
        from: { stdin: Readable.from([Buffer.from(text)]), stream: 'short' },
      });
    await give(lines(5));
    expect(await give(lines(2))).toMatchObject({ events: 0 });
  });
});
