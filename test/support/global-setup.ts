import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '#platform';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}

/** One PostgreSQL for the whole run; each test asks it for a database of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tollbook-test-'));
  const server = await startEmbeddedPostgres({
    dataDir,
    settings: { max_connections: '200', shared_buffers: '256MB' },
  });
  project.provide('postgresUrl', server.url);
  return async () => {
    await server.stop('immediate');
    await rm(dataDir, { recursive: true, force: true });
  };
}
