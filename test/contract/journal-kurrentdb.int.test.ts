import { randomUUID } from 'node:crypto';
import { describe, test } from 'vitest';
import type { Journal } from '#journal';
import { createKurrentJournal } from '#journal/kurrentdb';
import type { KurrentServer } from '#test/support/kurrentdb-server.ts';
import { findKurrentServer } from '#test/support/kurrentdb-server.ts';
import { startKurrentStub } from '#test/support/kurrentdb-stub.ts';
import type { JournalSubject } from './journal.ts';
import { journalContract } from './journal.ts';

/** Journals on streams of their own, closed together. */
function journals(): {
  open(connectionString: string, ms: number): Journal;
  close(): Promise<void>;
} {
  const prefix = `test-${randomUUID()}-`;
  const opened: Journal[] = [];
  return {
    open(connectionString, ms) {
      const journal = createKurrentJournal({
        connectionString,
        prefix,
        timeouts: { appendMs: ms, readMs: ms },
      });
      opened.push(journal);
      return journal;
    },
    async close() {
      for (const journal of opened) await journal[Symbol.asyncDispose]();
    },
  };
}

journalContract('kurrentdb stub', async (): Promise<JournalSubject> => {
  const stub = await startKurrentStub();
  // Another way to the same streams, which outages leave alone.
  const beside = await startKurrentStub({ store: stub.store });
  const { open, close } = journals();
  return {
    journal: open(stub.connectionString, 2000),
    another: () => Promise.resolve(open(beside.connectionString, 2000)),
    outage: {
      lose: (what, then) =>
        stub.failAppends({
          kind: what === 'request' ? 'cut_before' : 'cut_after',
          down: then === 'down',
        }),
      down: () => stub.network.down(),
      up: () => stub.network.up(),
    },
    async [Symbol.asyncDispose]() {
      await close();
      await stub[Symbol.asyncDispose]();
      await beside[Symbol.asyncDispose]();
    },
  };
});

const server: KurrentServer | undefined = await findKurrentServer();

if (server === undefined) {
  describe('journal contract: kurrentdb server', () => {
    test.skip('no server: set TOLLBOOK_TEST_KURRENTDB=esdb://… or start Docker', () => undefined);
  });
} else {
  journalContract('kurrentdb server', (): Promise<JournalSubject> => {
    const { open, close } = journals();
    return Promise.resolve({
      journal: open(server.connectionString, 10_000),
      another: () => Promise.resolve(open(server.connectionString, 10_000)),
      outage: undefined,
      async [Symbol.asyncDispose]() {
        await close();
        await server[Symbol.asyncDispose]();
      },
    });
  });
}
