import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { UUID } from '@eventstore/db-client/generated/shared_pb.js';
import statuses from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
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
  StubEvent,
  WriteResult,
} from './kurrentdb-stub-store.ts';

/* Between the stub's values and the messages of the protocol. */

type Identified = { getStreamIdentifier(): { getStreamName_asU8(): Uint8Array } | undefined };

function streamName(options: Identified): string {
  return Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
}

export function appendOptions(options: AppendReq.Options): {
  stream: string;
  expected: ExpectedRevision;
} {
  const stream = streamName(options);
  if (options.hasNoStream()) return { stream, expected: 'no_stream' };
  if (options.hasAny()) return { stream, expected: 'any' };
  if (options.hasStreamExists()) return { stream, expected: 'stream_exists' };
  return { stream, expected: Number(options.getRevision()) };
}

export function batchOptions(options: BatchAppendReq.Options | undefined): {
  stream: string;
  expected: ExpectedRevision;
  late: boolean;
} {
  if (options === undefined) return { stream: '', expected: 'any', late: false };
  const stream = streamName(options);
  const deadline = options.getDeadline();
  const late = deadline !== undefined && deadline.getSeconds() * 1000 < Date.now() - 1000;
  if (options.hasNoStream()) return { stream, expected: 'no_stream', late };
  if (options.hasAny()) return { stream, expected: 'any', late };
  if (options.hasStreamExists()) return { stream, expected: 'stream_exists', late };
  return { stream, expected: Number(options.getStreamPosition()), late };
}

export function proposed(
  message: AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage,
): ProposedEvent {
  const map = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? '',
    type: map.get('type') ?? '',
    contentType: map.get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

export function appendAnswer(result: WriteResult, expected: ExpectedRevision): AppendResp {
  const reply = new streams.AppendResp();
  if (result.outcome === 'wrong_expected_version') {
    const wrong = new streams.AppendResp.WrongExpectedVersion();
    if (result.current < 0) wrong.setCurrentNoStream(new shared.Empty());
    else wrong.setCurrentRevision(String(result.current));
    if (typeof expected === 'number') wrong.setExpectedRevision(String(expected));
    else if (expected === 'no_stream') wrong.setExpectedNoStream(new shared.Empty());
    else if (expected === 'stream_exists') wrong.setExpectedStreamExists(new shared.Empty());
    else wrong.setExpectedAny(new shared.Empty());
    return reply.setWrongExpectedVersion(wrong);
  }
  const success = new streams.AppendResp.Success();
  if (result.outcome === 'written') success.setCurrentRevision(String(result.last));
  success.setNoPosition(new shared.Empty());
  return reply.setSuccess(success);
}

/** What a server that ends its side leaves the client with. */
export function emptyAppendAnswer(): AppendResp {
  return new streams.AppendResp();
}

export function batchAnswer(
  result: WriteResult | 'timeout',
  correlation: UUID | undefined,
  stream: string,
  expected: ExpectedRevision,
): BatchAppendResp {
  const reply = new streams.BatchAppendResp();
  if (correlation !== undefined) reply.setCorrelationId(correlation);
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream).toString('base64'));
  reply.setStreamIdentifier(identifier);
  if (result !== 'timeout' && result.outcome === 'written') {
    const success = new streams.BatchAppendResp.Success();
    success.setCurrentRevision(String(result.last));
    return reply.setSuccess(success);
  }
  return reply.setError(batchError(result, expected));
}

function batchError(result: WriteResult | 'timeout', expected: ExpectedRevision): statuses.Status {
  if (result === 'timeout') return statusOf('Timeout', new shared.Timeout());
  if (result.outcome === 'deleted') return statusOf('StreamDeleted', new shared.StreamDeleted());
  if (result.outcome === 'too_large') {
    const exceeded = new shared.MaximumAppendSizeExceeded();
    exceeded.setMaxappendsize(1024 * 1024);
    return statusOf('MaximumAppendSizeExceeded', exceeded);
  }
  const wrong = new shared.WrongExpectedVersion();
  if (result.outcome === 'wrong_expected_version' && result.current >= 0) {
    wrong.setCurrentStreamRevision(String(result.current));
  }
  if (typeof expected === 'number') wrong.setExpectedStreamPosition(String(expected));
  return statusOf('WrongExpectedVersion', wrong);
}

/** A google.rpc.Status whose details are `google.protobuf.Any`: field 3 of it, with fields 1 and 2. */
function statusOf(name: string, detail: { serializeBinary(): Uint8Array }): statuses.Status {
  const type = Buffer.from(`type.googleapis.com/event_store.client.${name}`);
  const value = detail.serializeBinary();
  const any = Buffer.concat([
    Buffer.of(0x0a, ...varint(type.length)),
    type,
    Buffer.of(0x12, ...varint(value.length)),
    value,
  ]);
  return statuses.Status.deserializeBinary(
    Buffer.concat([Buffer.of(0x1a, ...varint(any.length)), any]),
  );
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

export function readOptions(request: ReadReq): {
  stream: string;
  from: number | 'start' | 'end';
  backwards: boolean;
  count: number;
} {
  const options = request.getOptions();
  const stream = options?.getStream();
  const from =
    stream?.hasEnd() === true
      ? 'end'
      : stream?.hasRevision() === true
        ? Number(stream.getRevision())
        : 'start';
  return {
    stream: stream === undefined ? '' : streamName(stream),
    from,
    backwards: Number(options?.getReadDirection() ?? 0) === 1,
    count: Number(options?.getCount() ?? 0),
  };
}

export function notFound(stream: string): ReadResp {
  const missing = new streams.ReadResp.StreamNotFound();
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream).toString('base64'));
  missing.setStreamIdentifier(identifier);
  return new streams.ReadResp().setStreamNotFound(missing);
}

export function recorded(event: StubEvent): ReadResp {
  const record = new streams.ReadResp.ReadEvent.RecordedEvent();
  const id = new shared.UUID();
  id.setString(event.id);
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(event.stream).toString('base64'));
  record.setId(id);
  record.setStreamIdentifier(identifier);
  record.setStreamRevision(String(event.revision));
  record.setPreparePosition(String(event.logPosition));
  record.setCommitPosition(String(event.logPosition));
  record.getMetadataMap().set('type', event.type);
  record.getMetadataMap().set('content-type', event.contentType);
  record.getMetadataMap().set('created', String(event.createdTicks));
  record.setCustomMetadata(event.metadata);
  record.setData(event.data);
  const read = new streams.ReadResp.ReadEvent();
  read.setEvent(record);
  read.setNoPosition(new shared.Empty());
  return new streams.ReadResp().setEvent(read);
}
