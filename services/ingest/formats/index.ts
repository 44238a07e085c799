import { IngestError } from '../errors.ts';
import type { Format } from './format.ts';
import { freeswitchFormat } from './freeswitch/format.ts';
import { tollbookFormat } from './tollbook/format.ts';

/** Every format tollbook reads. */
export const formats: readonly Format[] = [tollbookFormat, freeswitchFormat];

/** @throws IngestError `unknown_format` */
export function formatNamed(name: string): Format {
  const found = formats.find((format) => format.name === name);
  if (found !== undefined) return found;
  const known = formats.map((format) => format.name).join(', ');
  throw new IngestError('unknown_format', `there is no format of this name; known are: ${known}`);
}
