import { Metadata, status } from '@grpc/grpc-js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type { WriteResult } from './kurrentdb-stub-store.ts';

export interface Refusal {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Undefined where the call may go on: its credentials are right and this node may answer it. */
export function refuse(
  metadata: Metadata,
  credentials: { readonly username: string; readonly password: string } | undefined,
  leaderPort: number | undefined,
): Refusal | undefined {
  if (credentials !== undefined) {
    const wanted = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
    if (metadata.get('authorization')[0] !== wanted) {
      return withException(status.UNAUTHENTICATED, 'access-denied', {});
    }
  }
  if (leaderPort !== undefined && metadata.get('requires-leader')[0] === 'true') {
    return withException(status.NOT_FOUND, 'not-leader', {
      'leader-endpoint-host': 'localhost',
      'leader-endpoint-port': String(leaderPort),
    });
  }
  return undefined;
}

export function refusalOf(result: WriteResult, stream: string): Refusal | undefined {
  if (result.outcome === 'deleted') {
    return withException(status.FAILED_PRECONDITION, 'stream-deleted', { 'stream-name': stream });
  }
  if (result.outcome === 'too_large') {
    return withException(status.INVALID_ARGUMENT, 'maximum-append-size-exceeded', {
      'maximum-append-size': '1048576',
    });
  }
  return undefined;
}

export function withException(
  code: status,
  exception: string,
  details: Readonly<Record<string, string>>,
): Refusal {
  const metadata = new Metadata();
  metadata.set('exception', exception);
  for (const [name, value] of Object.entries(details)) metadata.set(name, value);
  return { code, details: exception, metadata };
}

export function supportedMethods(): unknown {
  const reply = new features.SupportedMethods();
  reply.setEventStoreServerVersion('24.10.0');
  for (const name of ['append', 'batchappend', 'read']) {
    const method = new features.SupportedMethod();
    method.setServiceName('event_store.client.streams.streams');
    method.setMethodName(name);
    reply.addMethods(method);
  }
  return reply;
}
