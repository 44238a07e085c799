import type { Command } from '../command.ts';
import { CliError } from '../errors.ts';

export const rebuildCommand: Command = {
  name: 'rebuild',
  summary: 'Rebuild a view beside the live one and swap it in',
  usage: ['rebuild VIEW [--diff]'],
  options: { diff: { type: 'boolean', help: 'compare with the live view and do not swap' } },
  maxArgs: 1,
  async run() {
    throw new CliError('failed', 'not wired yet');
  },
};
