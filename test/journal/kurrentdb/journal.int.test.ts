import { randomBytes, randomUUID } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Journal } from '#journal';
import { createKurrentJournal } from '#journal/kurrentdb';
import type { KurrentStub, StubOptions } from '#test/support/kurrentdb-stub.ts';
import { startKurrentStub } from '#test/support/kurrentdb-stub.ts';
import { missing } from '#test/support/requirements.ts';
import { anEvent, aSlice, ids, readAll } from '../../contract/journal-events.ts';

const APPEND_MS = 600;
const LATE_MS = 2000;
const OPENSSL = 'openssl';

interface Started {
  readonly stub: KurrentStub;
  readonly journal: Journal;
  readonly log: string;
  [Symbol.asyncDispose](): Promise<void>;
}

async function start(options: StubOptions = {}, ms = APPEND_MS): Promise<Started> {
  const stub = await startKurrentStub(options);
  const journal = createKurrentJournal({
    connectionString: stub.connectionString,
    timeouts: { appendMs: ms, readMs: ms },
  });
  return {
    stub,
    journal,
    log: `t/${randomUUID()}`,
    async [Symbol.asyncDispose]() {
      await journal[Symbol.asyncDispose]();
      await stub[Symbol.asyncDispose]();
    },
  };
}

describe('a server that does not answer an append', () => {
  test.each([
    ['stays silent', { kind: 'silent' }],
    ['ends its side', { kind: 'half_close' }],
    ['gives up by itself', { kind: 'server_timeout' }],
    ['writes when nobody waits any more', { kind: 'late_write', ms: LATE_MS }],
  ] as const)('%s: the slice is sent again and there once', async (_, fault) => {
    await using started = await start();
    const { stub, journal, log } = started;
    await journal.append(log, aSlice(2), 0);
    const slice = aSlice(3, 3);
    stub.failAppends(fault);
    expect(await journal.append(log, slice, 2)).toEqual({ first: 3, last: 5 });
    await new Promise((resolve) => {
      setTimeout(resolve, fault.kind === 'late_write' ? LATE_MS : 0);
    });
    expect(ids(await readAll(journal, log)).slice(2)).toEqual(ids(slice));
  });

  test('wrote it all the same: the head shows it and nothing is sent again', async () => {
    await using started = await start();
    const { stub, journal, log } = started;
    await journal.append(log, aSlice(2), 0);
    stub.failAppends({ kind: 'late_answer', ms: LATE_MS });
    expect(await journal.append(log, aSlice(3, 3), 2)).toEqual({ first: 3, last: 5 });
    expect(stub.calls.append).toBe(2);
    expect(await journal.head(log)).toEqual({ position: 5, resume: 5 });
  });

  test('wrote a fence all the same: it is found and not raised twice', async () => {
    await using started = await start();
    const { stub, journal, log } = started;
    await journal.append(log, aSlice(2), 0);
    stub.failAppends({ kind: 'late_answer', ms: LATE_MS });
    expect(await journal.append(log, [anEvent()], 'any')).toEqual({ first: 3, last: 3 });
    expect(stub.calls.append).toBe(2);
  });

  test('for good: the outcome is unknown, in bounded time', async () => {
    await using started = await start();
    const { stub, journal, log } = started;
    await journal.append(log, aSlice(2), 0);
    stub.failAppends({ kind: 'silent' }, 6);
    await expect(journal.append(log, aSlice(2, 3), 2)).rejects.toMatchObject({ code: 'unknown' });
    await expect(journal.append(log, [anEvent()], 'any')).rejects.toMatchObject({
      code: 'unknown',
    });
    expect(await journal.append(log, aSlice(2, 3), 2)).toEqual({ first: 3, last: 4 });
  });

  test('holds up no other log', async () => {
    await using started = await start();
    const { stub, journal, log } = started;
    await journal.append(log, aSlice(1), 0);
    stub.failAppends({ kind: 'late_write', ms: APPEND_MS / 2 });
    const slow = journal.append(log, aSlice(1), 1);
    const quick = journal.append(`${log}/other`, aSlice(1), 0).then(() => 'other');
    expect(await Promise.race([slow.then(() => 'slow'), quick])).toBe('other');
    await slow;
  });

  test('holds up the next append to the same log, which then goes through', async () => {
    await using started = await start();
    const { stub, journal, log } = started;
    await journal.append(log, aSlice(1), 0);
    stub.failAppends({ kind: 'late_write', ms: APPEND_MS / 2 });
    const outcomes = await Promise.all([
      journal.append(log, aSlice(2), 1),
      journal.append(log, aSlice(2), 3),
    ]);
    expect(outcomes).toEqual([
      { first: 2, last: 3 },
      { first: 4, last: 5 },
    ]);
  });
});

describe('a cluster', () => {
  test('a node that follows sends reads and appends to the leader', async () => {
    await using leader = await start();
    await using started = await start({ store: leader.stub.store });
    const { stub, journal, log } = started;
    stub.follow(leader.stub.port);
    expect(await journal.append(log, aSlice(2), 0)).toEqual({ first: 1, last: 2 });
    expect(await journal.head(log)).toEqual({ position: 2, resume: 2 });
    expect(stub.calls.append).toBe(0);
    expect(leader.stub.calls.append).toBe(1);
  });

  test('the leader that steps down between two appends is followed', async () => {
    await using leader = await start();
    await using started = await start({ store: leader.stub.store });
    const { stub, journal, log } = started;
    await journal.append(log, aSlice(2), 0);
    stub.follow(leader.stub.port);
    expect(await journal.append(log, aSlice(2, 3), 2)).toEqual({ first: 3, last: 4 });
  });

  test('without a leader nothing is written and it is unavailable', async () => {
    await using started = await start();
    const { stub, journal, log } = started;
    await journal.append(log, aSlice(2), 0);
    stub.follow(stub.port);
    await expect(journal.append(log, aSlice(2, 3), 2)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(journal.head(log)).rejects.toMatchObject({ code: 'unavailable' });
    stub.follow(undefined);
    expect(await readAll(journal, log)).toHaveLength(2);
  });
});

describe('what the store refuses', () => {
  test('a read nobody answers is unavailable', async () => {
    await using started = await start();
    const { stub, journal, log } = started;
    stub.silenceReads(true);
    await expect(journal.head(log)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a store that takes less than a slice at once says so', async () => {
    await using started = await start({ maxAppendSize: 10_000 });
    const { journal, log } = started;
    await expect(
      journal.append(log, [anEvent({ data: randomBytes(20_000) })], 0),
    ).rejects.toMatchObject({
      code: 'too_large',
    });
  });

  test('a slice of many small events stays under its limit', async () => {
    await using started = await start({}, 20_000);
    const { journal, log } = started;
    const slice = Array.from({ length: 5000 }, (_, i) =>
      anEvent({
        type: 'x'.repeat(100),
        data: new Uint8Array(1),
        meta: new Uint8Array(0),
        resume: i,
      }),
    );
    expect(await journal.append(log, slice, 0)).toEqual({ first: 1, last: 5000 });
  });

  test('a stream that was deleted is corrupt', async () => {
    await using started = await start();
    const { stub, journal, log } = started;
    await journal.append(log, aSlice(1), 0);
    stub.store.tombstone(`tollbook-${log}`);
    await expect(journal.append(log, aSlice(1), 1)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(readAll(journal, log)).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('an event of another application in a log is corrupt', async () => {
    await using started = await start();
    const { stub, journal, log } = started;
    const foreign = {
      id: randomUUID(),
      type: 'x',
      contentType: 'application/json',
      data: Buffer.from('{}'),
    };
    stub.store.write(`tollbook-${log}`, 'any', [{ ...foreign, metadata: new Uint8Array(0) }]);
    await expect(readAll(journal, log)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(journal.head(log)).rejects.toMatchObject({ code: 'corrupt' });
  });
});

test('a truncated stream keeps its positions and its resume', async () => {
  await using started = await start();
  const { stub, journal, log } = started;
  for (let i = 0; i < 4; i += 1) await journal.append(log, aSlice(3, 3 * i + 1), 3 * i);
  stub.store.truncate(`tollbook-${log}`, 6);
  expect((await readAll(journal, log)).map((event) => event.position)).toEqual([
    7, 8, 9, 10, 11, 12,
  ]);
  expect((await journal.readAt(log, [2, 6, 7, 12])).map((event) => event.position)).toEqual([
    7, 12,
  ]);
  expect(await journal.head(log)).toEqual({ position: 12, resume: 12 });
  expect(await journal.append(log, aSlice(1, 13), 12)).toEqual({ first: 13, last: 13 });
});

test('a head behind many fences is found by a process that never saw the log', async () => {
  await using started = await start();
  const { stub, journal, log } = started;
  await journal.append(log, aSlice(2, 41), 0);
  for (let i = 0; i < 60; i += 1) await journal.append(log, [anEvent()], 'any');
  const fresh = createKurrentJournal({ connectionString: stub.connectionString });
  expect(await fresh.head(log)).toEqual({ position: 62, resume: 42 });
  await fresh[Symbol.asyncDispose]();
});

test("every append is a call of its own, never part of the client's shared batch", async () => {
  await using started = await start();
  const { stub, journal, log } = started;
  await journal.append(log, aSlice(2), 0);
  await journal.append(log, [anEvent()], 'any');
  expect(stub.calls).toMatchObject({ append: 2, batchAppend: 0 });
});

describe('connection string', () => {
  test.each([
    'http://localhost:2113',
    'esdb://localhost:2113',
    'esdb://user:secret@localhost:2113?tlsVerifyCert=false',
    'esdb://localhost:2113?tls=false&throwOnAppendFailure=false',
  ])('%s is refused', (connectionString) => {
    expect(() => createKurrentJournal({ connectionString })).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    );
  });

  test('TLS and credentials reach the server; wrong ones are refused', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'tollbook-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    try {
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
      const args = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '1',
      ];
      execFileSync(OPENSSL, [...args, '-keyout', key, '-out', cert, ...subject], {
        stdio: 'ignore',
      });
    } catch {
      missing('openssl', 'it makes the certificate of the TLS test');
      context.skip('no openssl to make a certificate with');
    }
    const credentials = { username: 'ledger', password: 'a:b/c' };
    await using stub = await startKurrentStub({
      tls: { key: readFileSync(key), cert: readFileSync(cert) },
      credentials,
    });
    const open = (password: string) =>
      createKurrentJournal({
        connectionString: `esdb://ledger:${encodeURIComponent(password)}@localhost:${stub.port}?tlsCAFile=${cert}`,
      });
    await using journal = open(credentials.password);
    const log = 't/tls';
    expect(await journal.append(log, aSlice(2), 0)).toEqual({ first: 1, last: 2 });
    expect(await readAll(journal, log)).toHaveLength(2);
    await using intruder = open('wrong');
    await expect(intruder.append(log, aSlice(1), 2)).rejects.toMatchObject({ code: 'invalid' });
    await expect(intruder.head(log)).rejects.toMatchObject({ code: 'invalid' });
    rmSync(folder, { recursive: true });
  });
});
