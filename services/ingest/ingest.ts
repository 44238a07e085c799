import type { Access, Reader } from '#vault';
import type { FileResult, FileToIngest } from './files/ingest-file.ts';
import { ingestFile } from './files/ingest-file.ts';
import type { Intake } from './http/intake.ts';
import { openIntake } from './http/intake.ts';
import type { KafkaIntake, KafkaIntakeSettings } from './kafka/intake.ts';
import { startKafkaIntake } from './kafka/intake.ts';
import type { IngestParts } from './parts.ts';
import { shareParts } from './parts.ts';
import type { QuarantinedRecord } from './quarantine/read.ts';
import { listQuarantined, openQuarantined, readQuarantined } from './quarantine/read.ts';
import type { Replayed, ReplayRequest } from './quarantine/replay.ts';
import { replayQuarantined } from './quarantine/replay.ts';

type Place = { readonly log: string; readonly position: number };

/** Every way in, over one set of parts: caches and keys are shared within the process. */
export interface Ingest {
  readKafka(settings: KafkaIntakeSettings): KafkaIntake;
  /** @param process names the log `i/<process>`; no two running processes may share it. */
  openIntake(process: string): Promise<Intake>;
  ingestFile(file: FileToIngest): Promise<FileResult>;
  listQuarantined(log: string): AsyncIterable<QuarantinedRecord>;
  readQuarantined(place: Place): Promise<QuarantinedRecord>;
  /** The body as it came; the access record is appended first. */
  openQuarantined(
    reader: Pick<Reader, 'openQuarantined'>,
    access: Access,
    place: Place,
  ): Promise<Uint8Array>;
  replayQuarantined(
    ways: { readonly intake: Intake; readonly reader: Pick<Reader, 'openQuarantined'> },
    request: ReplayRequest,
  ): Promise<Replayed>;
}

export function createIngest(given: IngestParts): Ingest {
  const parts = shareParts(given);
  return {
    readKafka: (settings) => startKafkaIntake(parts, settings),
    openIntake: (process) => openIntake(parts, `i/${process}`),
    ingestFile: (file) => ingestFile(parts, file),
    listQuarantined: (log) => listQuarantined(parts, log),
    readQuarantined: (place) => readQuarantined(parts, place),
    openQuarantined: async (reader, access, place) => {
      const record = await readQuarantined(parts, place);
      return await openQuarantined(reader, record, { access, now: parts.clock.now() });
    },
    replayQuarantined: (ways, request) => replayQuarantined(parts, ways, request),
  };
}
