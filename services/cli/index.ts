export { runCli } from './run-cli.ts';
export { CliError, EXIT_CODES } from './errors.ts';
export type { CliErrorCode } from './errors.ts';
