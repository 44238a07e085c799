export { createPostgresJournal, migrateJournal } from './journal.ts';
export type { PostgresJournalOptions } from './journal.ts';
