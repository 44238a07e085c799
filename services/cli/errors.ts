export type CliErrorCode =
  | 'usage'
  | 'not_running'
  | 'refused'
  | 'not_found'
  | 'already_running'
  | 'port_in_use'
  | 'folder'
  | 'halted'
  | 'partly'
  | 'failed';

/** Exit code of each kind of failure; `tollbook help exit-codes` prints this table. */
export const EXIT_CODES: Readonly<Record<CliErrorCode, number>> = {
  failed: 1,
  usage: 2,
  not_found: 3,
  not_running: 4,
  refused: 5,
  partly: 6,
  already_running: 7,
  port_in_use: 8,
  folder: 9,
  halted: 10,
};

export const EXIT_INTERRUPTED = 130;

export const EXIT_CODE_HELP: Readonly<Record<CliErrorCode, string>> = {
  failed: 'something failed; the message says what',
  usage: 'the command line cannot be understood',
  not_found: "what was asked for does not exist, or is not this token's to see",
  not_running: 'no tollbook answers; start it with `npm start` or `tollbook up`',
  refused: 'the token is missing, unknown, or its role may not do this',
  partly: 'done, but some records were quarantined or could not be replayed',
  already_running: 'another tollbook runs on this data folder',
  port_in_use: 'another program listens on the port',
  folder: 'the data or root folder cannot be used as it is',
  halted: 'a role halted and needs a decision; the message says which',
};

/** One sentence for whoever reads it at 3 a.m.: what happened and what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
