import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventsError } from './errors.ts';
import { isObject, parseEventSchema } from './event-schema.ts';
import type { EventSchema } from './event-schema.ts';

/** One version of a type that switches or the journal may hold records of. */
export interface ReleasedVersion {
  readonly version: number;
  /** CRC-64-AVRO of the writer's schema, as printed. */
  readonly writer: string;
  /** CRC-64-AVRO of the stored schema, as printed. */
  readonly stored: string;
  readonly schema: EventSchema;
}

/** Where the released versions of a type are: one a line, appended to and never changed. */
export const releasedFile = (directory: string, type: string): string =>
  join(directory, 'released', `${type}.ndjson`);

/** The versions of a type in order; none when it was never released. */
export async function readReleased(
  directory: string,
  type: string,
): Promise<readonly ReleasedVersion[]> {
  const file = releasedFile(directory, type);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isObject(error) && error['code'] === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => parseVersion(line, `schemas/released/${type}.ndjson, line ${index + 1}`));
}

function parseVersion(line: string, where: string): ReleasedVersion {
  const value = parse(line, where);
  const { version, writer, stored, schema } = isObject(value) ? value : {};
  if (typeof version !== 'number' || typeof writer !== 'string' || typeof stored !== 'string') {
    throw new EventsError('bad_schema', `${where} is no released version; restore the file`);
  }
  return { version, writer, stored, schema: parseEventSchema(schema, where) };
}

function parse(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new EventsError('bad_schema', `${where} is not JSON; restore the file`, { cause });
  }
}
