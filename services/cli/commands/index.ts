import type { Command } from '../command.ts';
import { cdrCommand } from './cdr.ts';
import { historyCommand } from './history.ts';
import { ingestCommand } from './ingest.ts';
import { quarantineCommand } from './quarantine.ts';
import { rebuildCommand } from './rebuild.ts';
import { runCommand } from './run.ts';
import { statusCommand } from './status.ts';
import { tokenCommand } from './token.ts';
import { upCommand } from './up.ts';
import { usageCommand } from './usage.ts';

/** Every verb, in the order help lists them. */
export const commands: readonly Command[] = [
  upCommand,
  ingestCommand,
  cdrCommand,
  historyCommand,
  usageCommand,
  quarantineCommand,
  rebuildCommand,
  statusCommand,
  tokenCommand,
  runCommand,
];
