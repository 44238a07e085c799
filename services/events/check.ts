/**
 * The schema check as a command: `node services/events/check.ts [--release] [folder]`. Exits with 1
 * and one sentence a problem. `--release` adds what was changed to the released versions.
 */
import { checkSchemas, releaseSchemas } from './check-schemas.ts';
import { EventsError } from './errors.ts';

const words = process.argv.slice(2);
const folder = words.find((word) => !word.startsWith('--'));
const places = folder === undefined ? {} : { directory: folder };

try {
  if (words.includes('--release')) {
    const types = await releaseSchemas(places);
    process.stdout.write(`released: ${types.length === 0 ? 'nothing new' : types.join(', ')}\n`);
  }
  const { types, versions, problems } = await checkSchemas(places);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(
    `${types} event types, ${versions} released versions, ${problems.length} problems\n`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof EventsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
