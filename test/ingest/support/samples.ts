import { NOON_US } from '#test/support/vault.ts';

/** JSON form of a call's first event. */
export function initiated(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: 'call.initiated',
    eventId: 'c1-initiated',
    communicationId: '0b0e6f7a-6a3c-4d51-9c1d-2f6f4f0c1a01',
    legId: 'a',
    occurredAt: NOON_US - 60_000_000,
    accountId: 'acme',
    callerNumber: '+447700900123',
    calleeNumber: '+12025550147',
    ...fields,
  };
}

export function ended(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: 'call.ended',
    eventId: 'c1-ended',
    communicationId: '0b0e6f7a-6a3c-4d51-9c1d-2f6f4f0c1a01',
    legId: 'a',
    occurredAt: NOON_US,
    accountId: 'acme',
    disposition: 'answered',
    causeQ850: 16,
    ...fields,
  };
}

export function json(...events: readonly unknown[]): Buffer {
  return Buffer.from(events.map((event) => JSON.stringify(event)).join('\n'));
}
