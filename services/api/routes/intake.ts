import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { HandedIn, Intake, Progress, Receipt, Sender } from '#ingest';
import { nativeIdOf, takeStream } from '#ingest';
import { ApiError } from '../errors.ts';
import { callerOf } from '../fastify.ts';
import type { Routes } from '../fastify.ts';
import { problemOf } from '../problem.ts';

/** A JSON document is held in memory whole; longer input comes as NDJSON. */
const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;
/** Source of events whose credential names none. */
const LOCAL = 'local';

const StreamQuery = Type.Object(
  {
    stream: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,64}$',
        description:
          'Your name for the stream: events without eventId get one from it and their line, so what is sent again is recognised.',
      }),
    ),
    from: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Lines of the stream sent before: the last `durable` you were told.',
      }),
    ),
    format: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9-]{1,32}$',
        description: 'Format of the lines; tollbook unless told.',
      }),
    ),
  },
  { additionalProperties: false },
);

const Taken = Type.Object({
  durable: Type.Integer({ description: 'Records of this request that are safe.' }),
  events: Type.Array(
    Type.Object({ eventId: Type.String(), communicationId: Type.Optional(Type.String()) }),
    { description: 'Ids as the ledger shows them; the first hundred.' },
  ),
  quarantined: Type.Array(
    Type.Object({
      record: Type.Integer({ description: 'Which record of the request, from 0.' }),
      id: Type.String(),
      reason: Type.String(),
      detail: Type.Optional(Type.String()),
    }),
    { description: 'Records kept in quarantine; the first hundred.' },
  ),
});

/** `POST /v1/events` and the native endpoints: what is answered is durable. */
export function intakeRoutes({ intake }: { readonly intake: Intake }): Routes {
  return (app) => {
    // Bodies of any kind and length arrive as the stream they are.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    const bodyLimit = Number.MAX_SAFE_INTEGER;

    app.post(
      '/v1/events',
      {
        bodyLimit,
        config: { permission: 'events.write' },
        schema: {
          tags: ['intake'],
          summary: 'Hand events in: one, an array, or an NDJSON stream of any length',
          description:
            'Answered when durable. `application/json`: one event or an array. `application/x-ndjson`: one event a line, without limit; the answer is NDJSON too, ' +
            '`{"durable":N,...}` lines while it runs and a last one with `"done":true`; N counts lines of the stream, and a stream that was cut goes on with `?from=N` under the same `?stream=`. ' +
            '`Content-Encoding: gzip` is understood. 429 and 503 say when to come again. What cannot be accepted is kept in quarantine and told.',
          consumes: ['application/json', 'application/x-ndjson'],
          querystring: StreamQuery,
          response: { 200: Taken },
        },
      },
      async (request, reply) => {
        const sender = senderOf(request);
        const { stream, from, format = 'tollbook' } = request.query;
        const body = bodyOf(request);
        if (isStream(request)) {
          intake.admit();
          await answerStream(
            request,
            reply,
            takeStream(intake, body, { sender, format, stream, from }),
          );
          return reply;
        }
        return await takeDocument(intake, { sender, format, stream, from }, await readAll(body));
      },
    );

    app.post(
      '/v1/intake/freeswitch',
      {
        bodyLimit,
        config: { permission: 'events.write' },
        schema: {
          tags: ['intake'],
          summary: 'FreeSWITCH mod_json_cdr',
          description:
            'One record: JSON, `cdr=` with URL-encoded JSON, or the same in base64 (parameter `encode` of mod_json_cdr).',
          response: { 200: Taken },
        },
      },
      async (request) => {
        const sender = senderOf(request);
        const body = await readAll(bodyOf(request));
        return await take(intake, { sender, format: 'freeswitch' }, [
          { body, nativeId: randomUUID },
        ]);
      },
    );
  };
}

interface Handing {
  readonly sender: Sender;
  readonly format: string;
  readonly stream?: string | undefined;
  /** Records of the stream that were sent in documents before. */
  readonly from?: number | undefined;
}

function senderOf(request: FastifyRequest): Sender {
  const { source = LOCAL, accountId } = callerOf(request);
  return { source, accountId };
}

function isStream(request: FastifyRequest): boolean {
  const type = request.headers['content-type'] ?? '';
  return /^application\/(?:x-)?(?:ndjson|jsonl|json-lines)\b/i.test(type);
}

/** @throws ApiError `unsupported_media_type` */
function bodyOf(request: FastifyRequest): Readable {
  const { raw } = request;
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity') return raw;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new ApiError(
      'unsupported_media_type',
      'bodies come as they are or with Content-Encoding: gzip',
    );
  }
  return unzipped(raw);
}

function unzipped(raw: IncomingMessage): Readable {
  const gunzip = createGunzip();
  raw.on('error', (error) => gunzip.destroy(error));
  raw.on('aborted', () => gunzip.destroy(new ApiError('bad_request', 'the body was cut')));
  return raw.pipe(gunzip);
}

async function readAll(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      const buffer: Buffer = chunk;
      length += buffer.length;
      if (length > DOCUMENT_BYTES_MAX) {
        throw new ApiError(
          'too_large',
          'a JSON document may have 16 MiB; send longer input as application/x-ndjson',
        );
      }
      chunks.push(buffer);
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('bad_request', 'the body was cut or is no gzip', { cause: error });
  }
  return Buffer.concat(chunks);
}

async function takeDocument(intake: Intake, handing: Handing, body: Buffer) {
  const { stream = randomUUID(), from = 0 } = handing;
  const records = partsOf(body).map((part, index): HandedIn => ({
    body: part,
    nativeId: () => nativeIdOf(handing.sender, stream, from + index),
  }));
  return await take(intake, handing, records);
}

/** The elements of an array, or the document as one record (also where it is no JSON at all). */
function partsOf(body: Buffer): Buffer[] {
  const first = body.find((byte) => byte > 32);
  if (first !== BRACKET) return [body];
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return [body];
  }
  if (!Array.isArray(value)) return [body];
  if (value.length > ARRAY_MAX) {
    throw new ApiError(
      'too_large',
      `an array may have ${ARRAY_MAX} events; send more as application/x-ndjson`,
    );
  }
  return value.map((element) => Buffer.from(JSON.stringify(element)));
}

const BRACKET = 91;
/** What one document may become: its answer waits for all of it. */
const ARRAY_MAX = 10_000;
const HANDED_AT_ONCE = 1_000;
const TOLD_MAX = 100;

async function take(intake: Intake, { sender, format }: Handing, records: readonly HandedIn[]) {
  intake.admit();
  const events: Receipt['stored'][number][] = [];
  const quarantined: Receipt['refused'][number][] = [];
  let mark = 0;
  for (let at = 0; at < records.length; at += HANDED_AT_ONCE) {
    // Other work gets its turn, and memory stays bounded, between the parts of a long array.
    await intake.room();
    const receipt: Receipt = await intake.hand(
      sender,
      format,
      records.slice(at, at + HANDED_AT_ONCE),
    );
    mark = receipt.mark;
    events.push(...receipt.stored);
    quarantined.push(
      ...receipt.refused.map((refused) => ({ ...refused, record: refused.record + at })),
    );
  }
  await intake.durable(mark);
  return {
    durable: records.length,
    events: events.slice(0, TOLD_MAX),
    quarantined: quarantined.slice(0, TOLD_MAX),
  };
}

/** The status line is out before the end is known, so a failure is the last line. */
async function answerStream(
  request: FastifyRequest,
  reply: FastifyReply,
  progress: AsyncIterable<Progress>,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.setHeader('content-type', 'application/x-ndjson; charset=utf-8');
  const write = (line: object): boolean => raw.write(`${JSON.stringify(line)}\n`);
  try {
    for await (const { isEnd, ...counts } of progress)
      write(isEnd ? { ...counts, done: true } : counts);
  } catch (error) {
    if (!request.raw.destroyed || request.raw.complete)
      write({ error: problemOf(error, request.id).problem });
  }
  raw.end();
}
