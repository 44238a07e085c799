import { createBackoff, delay } from '#platform';
import type { Logger } from '#platform';
import { EventsError } from './errors.ts';
import { isObject } from './event-schema.ts';
import { createPatience } from './patience.ts';
import type { Patience } from './patience.ts';

export interface RegistrySettings {
  /** Base address, with the path in front of `/schemas/ids/…` where there is one. */
  readonly url: string;
  readonly credentials?: RegistryCredentials | undefined;
  /**
   * How long an id that the registry does not know is asked for again; 5 minutes unless told. Less
   * when other ids were waited for in vain just before: garbage must not stop a partition.
   */
  readonly unknownForMs?: number | undefined;
  /** How long one request may take; 10 seconds unless told. */
  readonly timeoutMs?: number | undefined;
  readonly logger: Logger;
  readonly fetch?: typeof fetch | undefined;
}

export type RegistryCredentials =
  { readonly user: string; readonly password: string } | { readonly token: string };

/** A Confluent-compatible schema registry, read only. */
export interface RegistryClient {
  /**
   * The schema text of an id, kept for ever: ids are never re-used. A registry that is down, or
   * answers what a registry does not answer, is waited for without end, and the log says so.
   *
   * @throws EventsError `unknown_schema` when the registry said for some minutes that it has no such
   * id; `bad_schema` for a schema that is not Avro or refers to other subjects
   * @throws the signal's reason when it aborts
   */
  schema(id: number, signal?: AbortSignal): Promise<string>;
}

type Answer =
  | { readonly kind: 'schema'; readonly text: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unusable'; readonly why: string }
  | { readonly kind: 'away'; readonly why: string };

const unknownForMsDefault = 5 * 60_000;
const timeoutMsDefault = 10_000;

/** Schema not found, as Confluent numbers it. */
const schemaNotFound = 40403;

export function createRegistryClient(settings: RegistrySettings): RegistryClient {
  const known = new Map<number, string>();
  const pending = new Map<number, Promise<string>>();
  const patience = createPatience(settings.unknownForMs ?? unknownForMsDefault);
  return {
    schema(id, signal) {
      const text = known.get(id);
      if (text !== undefined) return Promise.resolve(text);
      const running = pending.get(id);
      if (running !== undefined) return running;
      const fetched = obtain({ settings, patience, id, signal })
        .then((found) => {
          known.set(id, found);
          return found;
        })
        .finally(() => pending.delete(id));
      pending.set(id, fetched);
      return fetched;
    },
  };
}

interface Request {
  readonly settings: RegistrySettings;
  readonly patience: Patience;
  readonly id: number;
  readonly signal: AbortSignal | undefined;
}

async function obtain({ settings, patience, id, signal }: Request): Promise<string> {
  const { logger, url } = settings;
  const backoff = createBackoff({ firstMs: 200, maxMs: 15_000 });
  const allowedMs = patience.leftMs();
  let unknownMs = 0;
  let waited = false;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await ask(settings, id, signal);
    if (answer.kind === 'schema') {
      if (waited) logger.info({ url, schemaId: id }, 'the schema registry answered: going on');
      return answer.text;
    }
    if (answer.kind === 'unusable') throw unusable(id, answer.why);
    const wait = backoff.next();
    if (answer.kind === 'away') {
      logger.warn({ url, schemaId: id, why: answer.why }, 'the schema registry is away: waiting');
    } else if (unknownMs >= allowedMs) {
      patience.spend(unknownMs);
      throw unknown(id, unknownMs);
    } else {
      unknownMs += wait;
      logger.warn(
        { url, schemaId: id },
        'the schema registry does not know a schema: asking again',
      );
    }
    waited = true;
    await delay(wait, signal);
  }
}

async function ask(
  settings: RegistrySettings,
  id: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const get = settings.fetch ?? fetch;
  const timeout = AbortSignal.timeout(settings.timeoutMs ?? timeoutMsDefault);
  try {
    const response = await get(`${settings.url.replace(/\/+$/, '')}/schemas/ids/${id}`, {
      headers: {
        accept: 'application/vnd.schemaregistry.v1+json, application/json',
        ...auth(settings),
      },
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    return read(response.status, parse(await response.text()));
  } catch (error) {
    signal?.throwIfAborted();
    return { kind: 'away', why: reason(error) };
  }
}

function read(status: number, body: unknown): Answer {
  const fields = isObject(body) ? body : {};
  if (status === 200 && typeof fields['schema'] === 'string') {
    const type = fields['schemaType'] ?? 'AVRO';
    if (type !== 'AVRO') return { kind: 'unusable', why: 'it is not Avro' };
    if (Array.isArray(fields['references']) && fields['references'].length > 0) {
      return { kind: 'unusable', why: 'it refers to other subjects; register it in one piece' };
    }
    return { kind: 'schema', text: fields['schema'] };
  }
  if (status === 404 && fields['error_code'] === schemaNotFound) return { kind: 'unknown' };
  if (status === 401 || status === 403) {
    return { kind: 'away', why: `it refuses our credentials (HTTP ${status}): correct them` };
  }
  return { kind: 'away', why: `it answers HTTP ${status}, not as a registry does: check its URL` };
}

function auth({ credentials }: RegistrySettings): Record<string, string> {
  if (credentials === undefined) return {};
  if ('token' in credentials) return { authorization: `Bearer ${credentials.token}` };
  const pair = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** undici says "fetch failed" and puts the reason into the cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'it cannot be reached';
  const { cause } = error;
  if (isObject(cause) && typeof cause['code'] === 'string') return cause['code'];
  return error.message;
}

function unknown(id: number, unknownMs: number): EventsError {
  return new EventsError(
    'unknown_schema',
    `the schema registry does not know schema id ${id}, asked for ${Math.round(unknownMs / 1000)} s; ` +
      'register the schema, then replay the record',
  );
}

function unusable(id: number, why: string): EventsError {
  return new EventsError('bad_schema', `schema id ${id} of the registry cannot be used: ${why}`);
}
