export { createKurrentJournal } from './journal.ts';
export type { KurrentJournalOptions } from './journal.ts';
