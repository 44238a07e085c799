import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EmbeddedPostgres } from '#platform';
import { createPool, startEmbeddedPostgres } from '#platform';
import type { NewEvent } from '#journal';
import { createPostgresJournal, migrateJournal } from '#journal/postgres';
import { missing } from '#test/support/requirements.ts';
import { anEvent, readAll } from '../../contract/journal-events.ts';

const SMALL = '160m';
const LARGER = '400m';
const SETTINGS = {
  shared_buffers: '16MB',
  wal_buffers: '1MB',
  min_wal_size: '32MB',
  max_wal_size: '32MB',
};

/** A file system that fills up soon; undefined, with the reason printed, where none can be had. */
function smallFileSystem(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'tollbook-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL},mode=0755`, 'tmpfs', folder], {
      stdio: 'pipe',
    });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    missing('small file system', 'mounting a tmpfs takes root');
    return undefined;
  }
}

test('a disk that really fills up loses nothing it acknowledged, and the same slice goes in when there is room', async (context) => {
  const folder = smallFileSystem();
  if (folder === undefined) {
    context.skip('no small file system');
    return;
  }
  const start = () => startEmbeddedPostgres({ dataDir: join(folder, 'data'), settings: SETTINGS });
  const open = (url: string) => createPool({ url, max: 2, name: 'test' });
  let server: EmbeddedPostgres | undefined;
  try {
    server = await start();
    const pool = open(server.url);
    await migrateJournal(pool);
    const journal = await createPostgresJournal({ pool });
    let position = 0;
    let refused = aLargeSlice();
    const fill = async () => {
      for (; position < 20_000; position += refused.length) {
        refused = aLargeSlice();
        await journal.append('a', refused, position);
      }
    };
    // PostgreSQL says so, or ends its sessions where it has no room for its own log.
    await expect(fill()).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:full|unknown)$/) as string,
    });
    expect(position).toBeGreaterThan(100);
    await pool.end();
    await server.stop('immediate');

    execFileSync('mount', ['-o', `remount,size=${LARGER}`, folder], { stdio: 'pipe' });
    server = await start();
    const roomy = open(server.url);
    const again = await createPostgresJournal({ pool: roomy });
    expect((await again.head('a'))?.position).toBeGreaterThanOrEqual(position);
    expect(await again.append('a', refused, position)).toEqual({
      first: position + 1,
      last: position + 20,
    });
    expect(await readAll(again, 'a', 0, 100)).toHaveLength(position + 20);
    await roomy.end();
  } finally {
    await server?.stop('immediate');
    execFileSync('umount', ['-l', folder], { stdio: 'pipe' });
    rmSync(folder, { recursive: true });
  }
});

function aLargeSlice(): NewEvent[] {
  return Array.from({ length: 20 }, (_, i) => anEvent({ data: randomBytes(50_000), resume: i }));
}
