import type { Journal } from '#journal';
import { createKurrentJournal } from '#journal/kurrentdb';
import { startKurrentStub } from '#test/support/kurrentdb-stub.ts';
import type { JournalSubject } from './journal.ts';
import { journalContract } from './journal.ts';

journalContract('kurrentdb stub', async (): Promise<JournalSubject> => {
  const stub = await startKurrentStub();
  // Another way to the same streams, which outages leave alone.
  const beside = await startKurrentStub({ store: stub.store });
  const journals: Journal[] = [];
  const open = (connectionString: string): Journal => {
    const journal = createKurrentJournal({ connectionString, timeouts: { appendMs: 2000, readMs: 2000 } });
    journals.push(journal);
    return journal;
  };
  return {
    journal: open(stub.connectionString),
    another: () => Promise.resolve(open(beside.connectionString)),
    outage: {
      lose: (what, then) =>
        stub.failAppends({ kind: what === 'request' ? 'cut_before' : 'cut_after', down: then === 'down' }),
      down: () => stub.network.down(),
      up: () => stub.network.up(),
    },
    async [Symbol.asyncDispose]() {
      for (const journal of journals) await journal[Symbol.asyncDispose]();
      await stub[Symbol.asyncDispose]();
      await beside[Symbol.asyncDispose]();
    },
  };
});
