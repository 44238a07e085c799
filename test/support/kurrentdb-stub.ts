import type { ServerDuplexStream, ServerReadableStream, ServerWritableStream } from '@grpc/grpc-js';
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import type {
  ExpectedRevision,
  ProposedEvent,
  StubStore,
  WriteResult,
} from './kurrentdb-stub-store.ts';
import type { Refusal } from './kurrentdb-stub-refusals.ts';
import { refusalOf, refuse, supportedMethods, withException } from './kurrentdb-stub-refusals.ts';
import { createStubStore } from './kurrentdb-stub-store.ts';
import * as wire from './kurrentdb-stub-wire.ts';
import type { TcpProxy } from './tcp-proxy.ts';
import { startTcpProxy } from './tcp-proxy.ts';

/** What goes wrong with the next appends (`times` of them). */
export type AppendFault =
  /** Nothing is written and nothing answered, ever. */
  | { readonly kind: 'silent' }
  /** Written at once, answered `ms` later. */
  | { readonly kind: 'late_answer'; readonly ms: number }
  /** Written and answered `ms` later. */
  | { readonly kind: 'late_write'; readonly ms: number }
  /** The server ends its side without saying anything. */
  | { readonly kind: 'half_close' }
  /** The connection breaks before or after the write; with `down` no other is taken either. */
  | { readonly kind: 'cut_before' | 'cut_after'; readonly down?: boolean }
  /** The server's own time-out. */
  | { readonly kind: 'server_timeout' };

export interface StubOptions {
  readonly store?: StubStore;
  readonly maxAppendSize?: number;
  /** PEM. Then the connection string is one with TLS. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
  /** Calls without these are refused. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

export interface KurrentStub {
  readonly port: number;
  readonly connectionString: string;
  readonly store: StubStore;
  /** Calls seen so far. */
  readonly calls: { append: number; batchAppend: number; read: number };
  failAppends(fault: AppendFault, times?: number): void;
  /** Reads are taken and never answered while true. */
  silenceReads(silent: boolean): void;
  /** Calls that need the leader are sent to `port` from now on; undefined: this one leads. */
  follow(port: number | undefined): void;
  readonly network: TcpProxy;
  [Symbol.asyncDispose](): Promise<void>;
}

interface State {
  readonly store: StubStore;
  readonly options: StubOptions;
  readonly calls: { append: number; batchAppend: number; read: number };
  readonly faults: AppendFault[];
  leaderPort: number | undefined;
  readsSilent: boolean;
  network: TcpProxy | undefined;
}

/** A KurrentDB node in memory that speaks the real protocol on the client's own generated services. */
export async function startKurrentStub(options: StubOptions = {}): Promise<KurrentStub> {
  const { maxAppendSize } = options;
  const store =
    options.store ?? createStubStore(maxAppendSize === undefined ? {} : { maxAppendSize });
  const state: State = {
    store,
    options,
    calls: { append: 0, batchAppend: 0, read: 0 },
    faults: [],
    leaderPort: undefined,
    readsSilent: false,
    network: undefined,
  };
  const server = new Server({ 'grpc.max_receive_message_length': 32 * 1024 * 1024 });
  server.addService(StreamsService, {
    append: (call: AppendCall, answer: AppendAnswer) => append(state, call, answer),
    batchAppend: (call: BatchCall) => batchAppend(state, call),
    read: (call: ReadCall) => read(state, call),
  });
  server.addService(ServerFeaturesService, {
    getSupportedMethods: (_call: unknown, answer: (error: null, reply: unknown) => void) =>
      answer(null, supportedMethods()),
  });
  const inner = await bind(server, options);
  const network = await startTcpProxy({ host: '127.0.0.1', port: inner });
  state.network = network;
  const { credentials, tls } = options;
  const user = credentials === undefined ? '' : `${credentials.username}:${credentials.password}@`;
  return {
    port: network.port,
    connectionString: `esdb://${user}localhost:${network.port}?tls=${tls !== undefined}`,
    store,
    calls: state.calls,
    failAppends(fault, times = 1) {
      for (let i = 0; i < times; i += 1) state.faults.push(fault);
    },
    silenceReads(silent) {
      state.readsSilent = silent;
    },
    follow(port) {
      state.leaderPort = port;
    },
    network,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
      await network[Symbol.asyncDispose]();
    },
  };
}

type AppendCall = ServerReadableStream<AppendReq, AppendResp>;
type AppendAnswer = (error: Refusal | null, reply?: AppendResp) => void;
type BatchCall = ServerDuplexStream<BatchAppendReq, BatchAppendResp>;
type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

async function bind(server: Server, { tls }: StubOptions): Promise<number> {
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.cert }]);
  return await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

function append(state: State, call: AppendCall, answer: AppendAnswer): void {
  state.calls.append += 1;
  const refusal = refuse(call.metadata, state.options.credentials, state.leaderPort);
  let stream = '';
  let expected: ExpectedRevision = 'any';
  const events: ProposedEvent[] = [];
  call.on('data', (message: AppendReq) => {
    const options = message.getOptions();
    if (options !== undefined) ({ stream, expected } = wire.appendOptions(options));
    const proposed = message.getProposedMessage();
    if (proposed !== undefined) events.push(wire.proposed(proposed));
  });
  call.on('error', () => undefined);
  call.on('end', () => {
    if (refusal !== undefined) {
      answer(refusal);
      return;
    }
    const reply = (result: WriteResult): void => {
      const failed = refusalOf(result, stream);
      if (failed === undefined) answer(null, wire.appendAnswer(result, expected));
      else answer(failed);
    };
    withFault(state, {
      write: () => state.store.write(stream, expected, events),
      reply,
      halfClose: () => answer(null, wire.emptyAppendAnswer()),
      timeout: () => answer({ code: status.ABORTED, details: 'timeout', metadata: new Metadata() }),
    });
  });
}

function batchAppend(state: State, call: BatchCall): void {
  const open = new Map<
    string,
    { stream: string; expected: ExpectedRevision; late: boolean; events: ProposedEvent[] }
  >();
  call.on('error', () => undefined);
  call.on('end', () => call.end());
  call.on('data', (message: BatchAppendReq) => {
    const correlation = message.getCorrelationId();
    const key = correlation?.getString() ?? '';
    const options = message.getOptions();
    const batch = open.get(key) ?? { ...wire.batchOptions(options), events: [] };
    open.set(key, batch);
    for (const proposed of message.getProposedMessagesList())
      batch.events.push(wire.proposed(proposed));
    if (!message.getIsFinal()) return;
    open.delete(key);
    state.calls.batchAppend += 1;
    const { stream, expected, late, events } = batch;
    withFault(state, {
      // The deadline is the client's wall clock: one that runs ahead is late at once.
      write: () => (late ? { outcome: 'deleted' } : state.store.write(stream, expected, events)),
      reply: (result) =>
        call.write(wire.batchAnswer(late ? 'timeout' : result, correlation, stream, expected)),
      halfClose: () => call.end(),
      timeout: () => call.write(wire.batchAnswer('timeout', correlation, stream, expected)),
    });
  });
}

interface Writing {
  write(): WriteResult;
  reply(result: WriteResult): void;
  halfClose(): void;
  timeout(): void;
}

function withFault(state: State, { write, reply, halfClose, timeout }: Writing): void {
  const fault = state.faults.shift();
  switch (fault?.kind) {
    case undefined:
      reply(write());
      break;
    case 'silent':
      break;
    case 'late_answer': {
      const result = write();
      setTimeout(() => reply(result), fault.ms);
      break;
    }
    case 'late_write':
      setTimeout(() => reply(write()), fault.ms);
      break;
    case 'half_close':
      halfClose();
      break;
    case 'server_timeout':
      timeout();
      break;
    case 'cut_before':
    case 'cut_after':
      if (fault.kind === 'cut_after') write();
      if (fault.down === true) state.network?.down();
      else state.network?.reset();
      break;
  }
}

function read(state: State, call: ReadCall): void {
  state.calls.read += 1;
  call.on('error', () => undefined);
  const refusal = refuse(call.metadata, state.options.credentials, state.leaderPort);
  if (refusal !== undefined) {
    call.emit('error', refusal);
    return;
  }
  if (state.readsSilent) return;
  const { stream, from, backwards, count } = wire.readOptions(call.request);
  const events = state.store.read(stream, from, backwards, count);
  if (events === 'deleted') {
    call.emit(
      'error',
      withException(status.FAILED_PRECONDITION, 'stream-deleted', { 'stream-name': stream }),
    );
    return;
  }
  if (events === undefined) call.write(wire.notFound(stream));
  else for (const event of events) call.write(wire.recorded(event));
  call.end();
}
