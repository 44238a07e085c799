import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { Authenticate } from '../auth/authenticate.ts';
import type { Principal } from '../auth/principal.ts';
import { ApiError } from '../errors.ts';
import { callerOf } from '../fastify.ts';
import type { Routes } from '../fastify.ts';
import { problemOf } from '../problem.ts';

export interface StreamDeps {
  /** What the console shows now, as one JSON document. */
  readonly snapshot: (caller: Principal) => Promise<unknown>;
  /** Asked again before each frame: a token that was revoked ends its streams. */
  readonly authenticate: Authenticate;
  readonly intervalMs?: number;
}

const STREAMS_MAX = 64;

/**
 * `GET /v1/stream`: the console's living ledger as server-sent events, one `ledger` event a second.
 * Read with fetch, so that the token travels in a header and never in a URL.
 */
export function streamRoutes({ snapshot, authenticate, intervalMs = 1_000 }: StreamDeps): Routes {
  return (app) => {
    const stopping = new AbortController();
    let open = 0;
    app.addHook('preClose', async () => stopping.abort());
    app.get(
      '/v1/stream',
      {
        config: { permission: 'status.read' },
        schema: {
          tags: ['status'],
          summary: 'Status and latest communications, once a second',
          description:
            'Server-sent events; each `ledger` event carries the status and the latest communications, numbers masked.',
          produces: ['text/event-stream'],
        },
      },
      async (request, reply) => {
        if (open >= STREAMS_MAX) {
          throw new ApiError(
            'too_busy',
            'too many live streams are open; close a console or poll /v1/status',
            { retryAfter: 10 },
          );
        }
        const caller = callerOf(request);
        open += 1;
        const gone = new AbortController();
        reply.raw.on('close', () => gone.abort());
        const signal = AbortSignal.any([gone.signal, stopping.signal]);
        reply.hijack();
        try {
          begin(reply);
          while (!signal.aborted) {
            await authenticate(request.headers.authorization);
            await write(reply, await frameOf(() => snapshot(caller), request.id), signal);
            await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
          }
        } catch (error) {
          // The answer has begun: the reason can only be the stream's last event.
          reply.raw.write(problemFrame(error, request.id));
        } finally {
          open -= 1;
          reply.raw.end();
        }
      },
    );
  };
}

function begin(reply: FastifyReply): void {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
}

/** A fault is told to the console as an event: the stream stays and recovers with the ledger. */
async function frameOf(snapshot: () => Promise<unknown>, requestId: string): Promise<string> {
  try {
    return `event: ledger\ndata: ${JSON.stringify(await snapshot())}\n\n`;
  } catch (error) {
    return problemFrame(error, requestId);
  }
}

function problemFrame(error: unknown, requestId: string): string {
  return `event: problem\ndata: ${JSON.stringify(problemOf(error, requestId).problem)}\n\n`;
}

async function write(reply: FastifyReply, frame: string, signal: AbortSignal): Promise<void> {
  if (reply.raw.write(frame)) return;
  await new Promise<void>((resolve) => {
    reply.raw.once('drain', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
