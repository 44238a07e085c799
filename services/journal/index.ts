export { createDecisionLog, DECISIONS } from './decision-log.ts';
export type { DecisionLog } from './decision-log.ts';
export { listLogs, LOG_OPENED, openLog } from './open-log.ts';
export type { OpenedLog } from './open-log.ts';
export { JournalError } from './port.ts';
export type {
  Appended,
  Expected,
  Head,
  Journal,
  JournalErrorCode,
  NewEvent,
  RecordedEvent,
} from './port.ts';
