import { createServer } from 'node:net';
import { CliError } from '../errors.ts';

/**
 * Says at once, and not as a crash of the API, that the port is taken.
 *
 * @throws CliError `port_in_use`
 */
export async function checkPort(host: string, port: number): Promise<void> {
  if (port === 0) return;
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) => reject(refusal(host, port, cause)));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

function refusal(host: string, port: number, cause: Error): CliError {
  const code = 'code' in cause ? String(cause.code) : '';
  if (code === 'EADDRINUSE') {
    return new CliError(
      'port_in_use',
      `port ${port} of ${host} is in use; stop what listens there, or set TOLLBOOK_PORT to another (0: any free one)`,
      { cause },
    );
  }
  return new CliError(
    'port_in_use',
    `tollbook may not listen on ${host}:${port} (${code}); set TOLLBOOK_HOST and TOLLBOOK_PORT to an address of this machine`,
    { cause },
  );
}
