import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from '../../services/cli/up/lock.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollbook-lock-'));
  file = join(folder, 'up.lock');
});
afterEach(() => rm(folder, { recursive: true }));

describe('the lock of a data folder', () => {
  it('refuses a second start and says which process holds it', async () => {
    const lock = await lockFolder(file);
    await expect(lockFolder(file)).rejects.toMatchObject({
      code: 'already_running',
      message: expect.stringContaining(String(process.pid)),
    });
    await lock.release();
    await (await lockFolder(file)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over from a process that is gone', async () => {
    await writeFile(file, JSON.stringify({ pid: 999_999, born: 'x' }));
    await expect(lockFolder(file)).resolves.toBeDefined();
  });

  it.skipIf(process.platform !== 'linux')(
    'is taken over when its pid belongs to another process by now',
    async () => {
      await writeFile(file, JSON.stringify({ pid: process.pid, born: 'another boot/1' }));
      await expect(lockFolder(file)).resolves.toBeDefined();
    },
  );

  it('is taken over when a crash left it half written', async () => {
    await writeFile(file, '{"pid":');
    await expect(lockFolder(file)).resolves.toBeDefined();
  });
});
