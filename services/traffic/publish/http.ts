import { jsonLine } from '../encode.ts';
import { TrafficError } from '../errors.ts';
import type { Emission } from '../faults.ts';
import type { Publisher } from './publisher.ts';

export interface HttpTarget {
  /** Of the API, without a path. */
  readonly url: string;
  readonly token: string;
}

/** Publishes to `POST /v1/events` as NDJSON, a batch a request; the answer says it is durable. */
export function createHttpPublisher({ url, token }: HttpTarget): Publisher {
  const address = new URL('/v1/events', url);
  return {
    name: address.href,
    async publish(records) {
      const response = await send(address, token, records);
      const text = await response.text();
      if (response.ok) {
        requireDurable(text, records.length);
        return;
      }
      if (response.status === 429 || response.status >= 500) throw away(response);
      throw new TrafficError(
        'refused',
        `the intake refused the traffic with ${response.status}: is the token good?`,
      );
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function send(url: URL, token: string, records: readonly Emission[]): Promise<Response> {
  const body = records.map((record) => `${jsonLine(record)}\n`).join('');
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${token}` },
      body,
    });
  } catch (cause) {
    throw new TrafficError('away', 'the intake cannot be reached', { cause });
  }
}

/** The last line of the answer tells how many lines are durable. */
function requireDurable(text: string, sent: number): void {
  const last = text.trim().split('\n').at(-1) ?? '';
  let durable: unknown;
  try {
    const answer: { durable?: unknown } = JSON.parse(last);
    durable = answer.durable;
  } catch (cause) {
    throw new TrafficError('away', 'the answer of the intake was cut', { cause });
  }
  if (typeof durable !== 'number' || durable < sent) {
    throw new TrafficError('away', `only ${String(durable)} of ${sent} records became durable`);
  }
}

function away(response: Response): TrafficError {
  const seconds = Number(response.headers.get('retry-after'));
  return new TrafficError('away', `the intake asks for patience (${response.status})`, {
    ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  });
}
