import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A name for this data folder's processes, drawn once: the intake log of a restarted API is the one
 * it had before, and no two machines share one.
 */
export async function instanceOf(dataFolder: string): Promise<string> {
  const file = join(dataFolder, 'instance');
  try {
    await writeFile(file, `${randomBytes(4).toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}
