import { existsSync } from 'node:fs';
import { isRequired, missing } from './requirements.ts';

/** A long-term support release, insecure and in memory within its container. */
const IMAGE = 'kurrentplatform/kurrentdb:25.0';

export interface KurrentServer {
  readonly connectionString: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A real KurrentDB: the one `TOLLBOOK_TEST_KURRENTDB` names (`esdb://…`), else one in a container.
 * Undefined, with the reason printed, where there is neither.
 */
export async function findKurrentServer(): Promise<KurrentServer | undefined> {
  const named = process.env['TOLLBOOK_TEST_KURRENTDB'] ?? '';
  if (named !== '') return { connectionString: named, async [Symbol.asyncDispose]() {} };
  const sockets = ['/var/run/docker.sock', `${process.env['XDG_RUNTIME_DIR'] ?? ''}/docker.sock`];
  const docker =
    process.env['DOCKER_HOST'] !== undefined || sockets.some((socket) => existsSync(socket));
  if (!docker && !isRequired('kurrentdb')) {
    missing(
      'kurrentdb',
      'set TOLLBOOK_TEST_KURRENTDB=esdb://… or start Docker to test against a real server',
    );
    return undefined;
  }
  try {
    const { KurrentDbContainer } = await import('@testcontainers/kurrentdb');
    const container = await new KurrentDbContainer(IMAGE).start();
    // The container's own connection string has a scheme the client does not know.
    const address = `${container.getHost()}:${container.getFirstMappedPort()}`;
    return {
      connectionString: `esdb://${address}?tls=false`,
      async [Symbol.asyncDispose]() {
        await container.stop();
      },
    };
  } catch (error) {
    missing(
      'kurrentdb',
      `no container of ${IMAGE} starts: ${error instanceof Error ? error.message : 'unknown'}`,
    );
    return undefined;
  }
}
