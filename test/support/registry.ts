import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import avsc from 'avsc';

/** A schema registry that speaks Confluent's HTTP interface, kept in memory. */
export interface TestRegistry extends AsyncDisposable {
  readonly url: string;
  /** Registers without HTTP; the same text again has the same id. */
  register(subject: string, schema: object): number;
  /** What clients meet from now on: answers, 503, cut connections, or silence. */
  setState(state: RegistryState): void;
  /** Requests served or refused so far, by `METHOD /path`. */
  readonly requests: ReadonlyMap<string, number>;
}

export type RegistryState = 'up' | 'failing' | 'cut' | 'silent';

export interface RegistryOptions {
  /** Basic credentials every request must carry. */
  readonly credentials?: { readonly user: string; readonly password: string };
  readonly port?: number;
  /** The first id given out. */
  readonly firstId?: number;
}

interface Store {
  readonly byId: Map<number, string>;
  readonly ids: Map<string, number>;
  /** Schema ids of each subject; the version is the place counted from 1. */
  readonly subjects: Map<string, number[]>;
  readonly config: Map<string, string>;
  nextId: number;
}

/** An answer: status and body. */
type Answer = readonly [number, unknown];

/** Starts a registry on 127.0.0.1. Checks compatibility as `BACKWARD` by Avro's own resolution. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const store: Store = {
    byId: new Map(),
    ids: new Map(),
    subjects: new Map(),
    config: new Map([['', 'BACKWARD']]),
    nextId: options.firstId ?? 1,
  };
  const requests = new Map<string, number>();
  let state: RegistryState = 'up';
  const server = createServer((request, response) => {
    const name = `${request.method} ${request.url}`;
    requests.set(name, (requests.get(name) ?? 0) + 1);
    if (state === 'silent') return;
    if (state === 'cut') request.socket.destroy();
    else if (state === 'failing') send(response, [503, problem(50301, 'the registry is down')]);
    else if (!isAllowed(request, options)) send(response, [401, problem(401, 'Unauthorized')]);
    else serve(store, request, response);
  });
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    register: (subject, schema) => register(store, subject, JSON.stringify(schema)),
    setState(next) {
      state = next;
      if (next !== 'up') server.closeIdleConnections();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function isAllowed(request: IncomingMessage, { credentials }: RegistryOptions): boolean {
  if (credentials === undefined) return true;
  const expected = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  return request.headers.authorization === `Basic ${expected}`;
}

function serve(store: Store, request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const text = Buffer.concat(chunks).toString('utf8');
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
    try {
      send(response, route(store, request.method ?? 'GET', parts, text));
    } catch (error) {
      send(response, [422, problem(42201, error instanceof Error ? error.message : 'invalid')]);
    }
  });
}

function send(response: ServerResponse, [status, body]: Answer): void {
  response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' });
  response.end(JSON.stringify(body));
}

const problem = (code: number, message: string): object => ({ error_code: code, message });

function route(store: Store, method: string, parts: readonly string[], body: string): Answer {
  const [head, second, third, fourth] = parts;
  if (head === 'schemas' && second === 'ids' && third !== undefined) {
    return schemaById(store, Number(third), fourth);
  }
  if (head === 'subjects') return subjects(store, method, parts.slice(1), body);
  if (head === 'compatibility') return compatibility(store, third ?? '', parts[4], body);
  if (head === 'config') return configure(store, method, second ?? '', body);
  return [404, problem(404, 'HTTP 404 Not Found')];
}

function schemaById(store: Store, id: number, detail: string | undefined): Answer {
  const schema = store.byId.get(id);
  if (schema === undefined) return [404, problem(40403, `Schema ${id} not found`)];
  if (detail !== 'versions') return [200, { schema }];
  const uses = [...store.subjects].flatMap(([subject, ids]) =>
    ids.flatMap((other, at) => (other === id ? [{ subject, version: at + 1 }] : [])),
  );
  return [200, uses];
}

function subjects(store: Store, method: string, parts: readonly string[], body: string): Answer {
  const [subject, what, which] = parts;
  if (subject === undefined) return [200, [...store.subjects.keys()]];
  if (method === 'POST' && what === 'versions') {
    const schema = schemaOf(body);
    if (!isCompatible(store, subject, 'latest', schema)) {
      return [409, problem(409, 'Schema being registered is incompatible with an earlier schema')];
    }
    return [200, { id: register(store, subject, schema) }];
  }
  const ids = store.subjects.get(subject);
  if (ids === undefined) return [404, problem(40401, `Subject '${subject}' not found.`)];
  if (method === 'DELETE') {
    store.subjects.delete(subject);
    return [200, ids.map((_, at) => at + 1)];
  }
  if (method === 'POST') return lookup(store, subject, ids, schemaOf(body));
  if (which === undefined) return [200, ids.map((_, at) => at + 1)];
  const version = which === 'latest' ? ids.length : Number(which);
  return describe(store, subject, ids[version - 1], version);
}

function lookup(store: Store, subject: string, ids: readonly number[], schema: string): Answer {
  const id = store.ids.get(schema);
  const at = id === undefined ? -1 : ids.indexOf(id);
  return at < 0 ? [404, problem(40403, 'Schema not found')] : describe(store, subject, id, at + 1);
}

function describe(store: Store, subject: string, id: number | undefined, version: number): Answer {
  if (id === undefined) return [404, problem(40402, `Version ${version} not found.`)];
  return [200, { subject, id, version, schema: store.byId.get(id) }];
}

function compatibility(
  store: Store,
  subject: string,
  version: string | undefined,
  body: string,
): Answer {
  if (!store.subjects.has(subject)) return [404, problem(40401, `Subject '${subject}' not found.`)];
  return [
    200,
    { is_compatible: isCompatible(store, subject, version ?? 'latest', schemaOf(body)) },
  ];
}

function configure(store: Store, method: string, subject: string, body: string): Answer {
  if (method === 'PUT') {
    const asked: { compatibility?: string } = JSON.parse(body);
    store.config.set(subject, asked.compatibility ?? 'BACKWARD');
    return [200, { compatibility: store.config.get(subject) }];
  }
  return [200, { compatibilityLevel: store.config.get(subject) ?? store.config.get('') }];
}

/** `BACKWARD`: the new schema reads what the earlier one wrote. */
function isCompatible(store: Store, subject: string, version: string, schema: string): boolean {
  if ((store.config.get(subject) ?? store.config.get('')) === 'NONE') return true;
  const ids = store.subjects.get(subject) ?? [];
  const earlier = store.byId.get(
    (version === 'latest' ? ids.at(-1) : ids[Number(version) - 1]) ?? -1,
  );
  if (earlier === undefined) return true;
  try {
    parse(schema).createResolver(parse(earlier));
    return true;
  } catch {
    return false;
  }
}

function register(store: Store, subject: string, schema: string): number {
  const id = store.ids.get(schema) ?? store.nextId++;
  store.ids.set(schema, id);
  store.byId.set(id, schema);
  const ids = store.subjects.get(subject) ?? [];
  if (!ids.includes(id)) ids.push(id);
  store.subjects.set(subject, ids);
  return id;
}

/** The schema text of a request body, in one spelling, refused when it is no Avro. */
function schemaOf(body: string): string {
  const asked: { schema?: string } = JSON.parse(body);
  const schema = JSON.stringify(JSON.parse(asked.schema ?? ''));
  parse(schema);
  return schema;
}

function parse(schema: string): avsc.Type {
  const parsed: avsc.Schema = JSON.parse(schema);
  return avsc.Type.forSchema(parsed);
}
