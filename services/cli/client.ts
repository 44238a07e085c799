import type { Invocation } from './command.ts';
import { CliError } from './errors.ts';
import { dataFolder, readRunning, readTextFile } from './place.ts';

/** The API as the verbs see it; every answer that is no success becomes a CliError. */
export interface ApiClient {
  readonly url: string;
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<unknown>;
  /** A raw request; the answer's status was checked. */
  send(path: string, init: RequestInit): Promise<Response>;
}

/**
 * The tollbook that is up on the data folder, with that folder's own token, unless `--url` and
 * `--token-file` name others.
 */
export async function openClient(invocation: Invocation): Promise<ApiClient> {
  const folder = dataFolder(invocation.config.data);
  const url = invocation.text('url') ?? (await readRunning(folder))?.url;
  if (url === undefined) {
    throw new CliError(
      'not_running',
      `no tollbook is up on ${folder.path}; start it with "npm start" or "tollbook up", or pass --url`,
    );
  }
  const file = invocation.text('token-file') ?? folder.ownToken;
  const token = (await readTextFile(file))?.trim();
  if (token === undefined)
    throw new CliError('refused', `there is no token in ${file}; pass --token-file`);
  return clientOf(url.replace(/\/$/, ''), token);
}

export function clientOf(url: string, token: string): ApiClient {
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, { ...init, headers, redirect: 'error' });
    } catch (cause) {
      throw new CliError(
        'not_running',
        `nothing answers at ${url}; start tollbook with "npm start" or "tollbook up"`,
        { cause },
      );
    }
    if (!response.ok) throw await failureOf(response);
    return response;
  };
  const json = async (path: string, init: RequestInit): Promise<unknown> =>
    (await send(path, init)).json();
  return {
    url,
    send,
    get: (path, query = {}) => json(withQuery(path, query), { method: 'GET' }),
    post: (path, body, headers = {}) =>
      json(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
  };
}

function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, value);
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

async function failureOf(response: Response): Promise<CliError> {
  const body: unknown = await response.json().catch(() => undefined);
  const detail = fieldOf(body, 'detail') ?? `the API answered ${response.status}`;
  const id = fieldOf(body, 'requestId');
  const at = errorsOf(body);
  const said = `${detail}${at === '' ? '' : ` (${at})`}${response.status >= 500 && id !== undefined ? ` [request ${id}]` : ''}`;
  if (response.status === 404) return new CliError('not_found', said);
  if (response.status === 401 || response.status === 403) return new CliError('refused', said);
  if (response.status === 400 || response.status === 422) return new CliError('usage', said);
  return new CliError('failed', said);
}

function fieldOf(body: unknown, key: string): string | undefined {
  const value: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, key) : undefined;
  return typeof value === 'string' ? value : undefined;
}

function errorsOf(body: unknown): string {
  const errors: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, 'errors') : undefined;
  if (!Array.isArray(errors)) return '';
  return errors
    .map((item: unknown) => `${fieldOf(item, 'at') ?? ''} ${fieldOf(item, 'message') ?? ''}`.trim())
    .join('; ');
}
