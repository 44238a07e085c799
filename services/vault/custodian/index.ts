export type { Custodian } from './port.ts';
export { createKeyFileCustodian } from './key-file.ts';
export type { KeyFileOptions } from './key-file.ts';
