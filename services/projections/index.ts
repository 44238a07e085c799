export { getCdr, listCdrs } from './cdr/read.ts';
export { USAGE_DIMENSIONS, VIEWS } from './contract.ts';
export type {
  BoxRef,
  CdrQuery,
  CdrRow,
  HistoryQuery,
  HistoryRow,
  Interval,
  Page,
  PartyRow,
  QuarantineQuery,
  QuarantineRow,
  RebuildProgress,
  RebuildReport,
  RecordPosition,
  UsageDimension,
  UsageEntry,
  UsageFeed,
  UsageQuery,
  UsageSum,
  View,
  ViewLag,
} from './contract.ts';
export { createProjector } from './engine/projector.ts';
export type { Projector, ProjectorSettings, Progressed } from './engine/projector.ts';
export { ProjectionsError } from './errors.ts';
export type { ProjectionsErrorCode } from './errors.ts';
export { listHistory } from './history/read.ts';
export { migrateViews } from './migrate-views.ts';
export { countQuarantined, getQuarantined, listQuarantine } from './quarantine/read.ts';
export { rebuild } from './rebuild/rebuild.ts';
export type { RebuildSettings } from './rebuild/rebuild.ts';
export { startProjections } from './start-projections.ts';
export type { Projections, ProjectionsSettings } from './start-projections.ts';
export { sourceStatus, viewStatus } from './status.ts';
export type { SourceStatus } from './status.ts';
export { readUsageFeed, usageSums } from './usage/read.ts';
export { createRecorder } from './usage/recorder.ts';
export { createUsageSums } from './usage/sums.ts';
