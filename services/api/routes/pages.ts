import { readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Api, Routes } from '../fastify.ts';

export interface PagesDeps {
  /** Folder of the console's files; served as they are. */
  readonly directory: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};
const PAGES: Readonly<Record<string, string>> = { '/': 'index.html', '/docs': 'docs.html' };

/**
 * The console and the API's documentation: files read once at the start and served from memory, so
 * no path of a request ever reaches the file system. Also `/v1/openapi.json`.
 */
export function pageRoutes({ directory }: PagesDeps): Routes {
  return async (app) => {
    const files = new Map<string, { body: Buffer; type: string }>();
    for (const name of await readdir(directory)) {
      const type = TYPES[extname(name)];
      if (type !== undefined)
        files.set(name, { body: await readFile(join(directory, name)), type });
    }
    for (const [path, name] of Object.entries(PAGES)) serve(app, path, files.get(name));
    for (const [name, file] of files) {
      if (!name.endsWith('.html')) serve(app, `/assets/${name}`, file);
    }
    app.get(
      '/v1/openapi.json',
      { config: { permission: 'public' }, schema: { hide: true } },
      async () => app.swagger(),
    );
  };
}

function serve(app: Api, path: string, file: { body: Buffer; type: string } | undefined): void {
  if (file === undefined) return;
  app.get(
    path,
    { config: { permission: 'public' }, schema: { hide: true } },
    async (_request, reply) =>
      reply.type(file.type).header('cache-control', 'no-cache').send(file.body),
  );
}
