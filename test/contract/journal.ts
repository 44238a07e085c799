import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import type { Journal } from '#journal';
import { appendContract } from './journal-append.ts';
import { decisionsContract } from './journal-decisions.ts';
import { fencesContract } from './journal-fences.ts';
import { outageContract } from './journal-outage.ts';
import { readContract } from './journal-read.ts';

/** What breaks on the way to the store. */
export interface Outage {
  /**
   * The next append is lost with its connection: its `request` before the store sees it, or its
   * `answer` once it is durable. Then the store is reached again at once, or `down` until `up`.
   */
  lose(what: 'request' | 'answer', then?: 'down'): void;
  /** No connection lasts and none is made, until `up`. */
  down(): void;
  up(): void;
}

/** A store to run the suite on. */
export interface JournalSubject {
  readonly journal: Journal;
  /** Another process on the same store, not touched by outages. */
  another(): Promise<Journal>;
  /** Undefined where the way to the store cannot be broken. */
  readonly outage: Outage | undefined;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Contract {
  readonly subject: () => JournalSubject;
  /** A log name nobody used before. */
  readonly freshLog: () => string;
}

/** What every adapter promises, whatever it is built on. One store serves the whole suite. */
export function journalContract(name: string, create: () => Promise<JournalSubject>): void {
  describe(`journal contract: ${name}`, () => {
    let subject: JournalSubject | undefined;
    beforeAll(async () => {
      subject = await create();
    });
    afterAll(async () => {
      await subject?.[Symbol.asyncDispose]();
    });
    const contract: Contract = {
      subject: () => {
        if (subject === undefined) throw new Error('the store of the suite did not start');
        return subject;
      },
      freshLog: () => `t/${randomUUID()}`,
    };
    appendContract(contract);
    readContract(contract);
    fencesContract(contract);
    outageContract(contract);
    decisionsContract(contract);
  });
}
