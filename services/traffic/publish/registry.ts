import { writerSchemas } from '../encode.ts';
import { TrafficError } from '../errors.ts';

export interface RegistryTarget {
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  readonly topic: string;
}

/**
 * Registers the schema of every event type at a Confluent-compatible registry, under a subject for
 * each record of the topic, and answers with their ids.
 */
export async function registerSchemas(target: RegistryTarget): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for (const { type, name, schema } of writerSchemas()) {
    ids.set(type, await register(target, `${target.topic}-${name}`, schema));
  }
  return ids;
}

async function register(target: RegistryTarget, subject: string, schema: object): Promise<number> {
  const { url, user, password } = target;
  const headers: Record<string, string> = {
    'content-type': 'application/vnd.schemaregistry.v1+json',
  };
  if (user !== undefined && user !== '') {
    const credentials = Buffer.from(`${user}:${password ?? ''}`).toString('base64');
    headers['authorization'] = `Basic ${credentials}`;
  }
  const address = `${url.replace(/\/$/, '')}/subjects/${encodeURIComponent(subject)}/versions`;
  const body = JSON.stringify({ schema: JSON.stringify(schema) });
  const response = await fetch(address, { method: 'POST', headers, body }).catch(
    (cause: unknown) => {
      throw new TrafficError('away', 'the schema registry cannot be reached', { cause });
    },
  );
  if (response.status >= 500) {
    throw new TrafficError('away', `the schema registry answers ${response.status}`);
  }
  if (!response.ok) {
    throw new TrafficError(
      'refused',
      `the schema registry refused ${subject} (${response.status})`,
    );
  }
  const answer: { id: number } = JSON.parse(await response.text());
  return answer.id;
}
