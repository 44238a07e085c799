import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '#platform';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function dataFolder(deep = '', mode = 0o755): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'tollbook-life-'));
  await chmod(base, mode);
  folders.push(base);
  return join(base, deep, 'data');
}

async function run(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a second start finds what the first one left', async () => {
  const dataDir = await dataFolder();
  const first = await startEmbeddedPostgres({ dataDir });
  await run(first.url, 'create table kept as select 1 as n');
  await first.stop();
  const second = await startEmbeddedPostgres({ dataDir });
  expect(await run(second.url, 'select n from kept')).toEqual([{ n: 1 }]);
  await second.stop('immediate');
});

test('a server whose parent was killed is taken over, not fought', async () => {
  const dataDir = await dataFolder();
  const first = await startEmbeddedPostgres({ dataDir });
  const lines: string[] = [];
  const second = await startEmbeddedPostgres({ dataDir, onProgress: (line) => lines.push(line) });
  expect(second.pid).toBe(first.pid);
  expect(lines.join()).toContain('taking over');
  await second.stop('immediate');
});

test('a data folder with a long path still gets a socket', async () => {
  const dataDir = await dataFolder('a-rather-long-folder-name/'.repeat(5));
  const server = await startEmbeddedPostgres({ dataDir });
  expect(await run(server.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  await server.stop('immediate');
});

test('the password is drawn at the first start and readable by its owner alone', async () => {
  const dataDir = await dataFolder();
  const server = await startEmbeddedPostgres({ dataDir });
  await server.stop('immediate');
  expect((await stat(join(dataDir, 'postgres.password'))).mode & 0o777).toBe(0o600);
  await expect(run(server.url.replace(/:[0-9a-f]{48}@/, ':wrong@'), 'select 1')).rejects.toThrow();
});

test.skipIf(process.getuid?.() !== 0)(
  'started by root below a folder of root alone, the cluster goes where its user can enter',
  async () => {
    const dataDir = await dataFolder('', 0o700);
    const server = await startEmbeddedPostgres({ dataDir });
    const parent = dirname(dirname(server.cluster));
    folders.push(parent);
    expect(await run(server.url, 'select 1 as n')).toEqual([{ n: 1 }]);
    await server.stop('immediate');
    expect(parent).toMatch(/^\/var\/lib\/tollbook\/[0-9a-f]{12}$/);
    expect((await readFile(join(dataDir, 'postgres.place'), 'utf8')).trim()).toBe(
      dirname(server.cluster),
    );
  },
);
