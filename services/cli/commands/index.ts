import type { Command } from '../command.ts';

/** A verb by name; what it does is loaded when it is called, so that a short command starts fast. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every verb, in the order help lists them. */
export const verbs: readonly Verb[] = [
  {
    name: 'up',
    summary: 'Start the ledger: database, API, console, views (and traffic)',
    load: async () => (await import('./up.ts')).upCommand,
  },
  {
    name: 'ingest',
    summary: 'Take events in from a file or from standard input',
    load: async () => (await import('./ingest.ts')).ingestCommand,
  },
  {
    name: 'cdr',
    summary: 'List call detail records, or show one with its timeline',
    load: async () => (await import('./cdr.ts')).cdrCommand,
  },
  {
    name: 'history',
    summary: "Show an account's calls, messages and voicemails with their numbers",
    load: async () => (await import('./history.ts')).historyCommand,
  },
  {
    name: 'usage',
    summary: 'Sum usage, or read the usage feed entry by entry',
    load: async () => (await import('./usage.ts')).usageCommand,
  },
  {
    name: 'quarantine',
    summary: 'List, show and replay records that could not be accepted',
    load: async () => (await import('./quarantine.ts')).quarantineCommand,
  },
  {
    name: 'rebuild',
    summary: 'Make a view anew from the journal beside the live one, then swap it in',
    load: async () => (await import('./rebuild.ts')).rebuildCommand,
  },
  {
    name: 'status',
    summary: 'Show rates, the lag of each view and the quarantine count',
    load: async () => (await import('./status.ts')).statusCommand,
  },
  {
    name: 'token',
    summary: 'Create, list and revoke local API tokens',
    load: async () => (await import('./token.ts')).tokenCommand,
  },
  {
    name: 'run',
    summary: 'Run one role of the ledger in this process, as on a cluster',
    load: async () => (await import('./run.ts')).runCommand,
  },
];
