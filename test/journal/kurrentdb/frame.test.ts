import { Buffer } from 'node:buffer';
import type { ResolvedEvent } from '@eventstore/db-client';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  fromStore,
  storedBytes,
  storeId,
  toStore,
} from '../../../services/journal/kurrentdb/frame.ts';
import { anEvent, content } from '../../contract/journal-events.ts';

const event = fc.record(
  {
    id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    type: fc.string({ minLength: 1, maxLength: 30 }),
    data: fc.uint8Array(),
    meta: fc.uint8Array(),
    resume: fc.maxSafeNat(),
  },
  { requiredKeys: ['id', 'type', 'data', 'meta'] },
);
const state = fc.option(fc.oneof(fc.maxSafeNat(), fc.constant('none' as const)), {
  nil: undefined,
});

/** As the client hands an event back. */
function resolved(
  stored: ReturnType<typeof toStore>,
  over: Record<string, unknown> = {},
): ResolvedEvent {
  const { id, type, data, metadata } = stored;
  const created = new Date(1_700_000_000_123);
  const recorded = {
    streamId: 'tollbook-a',
    id,
    type,
    data,
    metadata,
    isJson: false,
    revision: 4n,
    created,
    ...over,
  };
  // The client's own type insists on JSON or binary alternatives that the overrides step out of.
  return { event: recorded } as unknown as ResolvedEvent;
}

test('an event survives the way to the store and back', () => {
  fc.assert(
    fc.property(event, state, (one, known) => {
      const { event: back, state: found } = fromStore('a', resolved(toStore('a', one, 5, known)));
      expect(content(back)).toEqual(content(one));
      expect(back).toMatchObject({ log: 'a', position: 5, recordedAt: 1_700_000_000_123_000 });
      expect(found).toBe(one.resume ?? known);
    }),
  );
});

test('metadata is never JSON, which the client would parse, and never a Buffer, which it would encode', () => {
  fc.assert(
    fc.property(event, state, (one, known) => {
      const { metadata } = toStore('a', one, 1, known);
      if (!(metadata instanceof Uint8Array)) throw new Error('metadata is bytes');
      expect(metadata.constructor).toBe(Uint8Array);
      expect(() => JSON.parse(Buffer.from(metadata).toString())).toThrow(SyntaxError);
    }),
  );
});

test('store ids are UUIDs fixed by log, place and event', () => {
  const one = anEvent();
  expect(storeId('a', one.id, 7)).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  expect(storeId('a', one.id, 7)).toBe(storeId('a', Uint8Array.from(one.id), 7));
  const others = [
    storeId('b', one.id, 7),
    storeId('a', one.id, 8),
    storeId('a', one.id, 'any'),
    storeId('a', anEvent().id, 7),
  ];
  expect(new Set([storeId('a', one.id, 7), ...others]).size).toBe(5);
});

test('the size of an event covers what the store counts', () => {
  fc.assert(
    fc.property(event, state, (one, known) => {
      const { metadata, data, type } = toStore('a', one, 1, known);
      const counted =
        17 + 2 * type.length + data.length + (metadata instanceof Uint8Array ? metadata.length : 0);
      expect(storedBytes(one)).toBeGreaterThanOrEqual(counted);
    }),
  );
});

test.each([
  ['a JSON event', { isJson: true }],
  ['parsed metadata', { metadata: { by: 'others' } }],
  ['no metadata', { metadata: undefined }],
  ['another version', { metadata: new Uint8Array(40) }],
  ['cut metadata', { metadata: Uint8Array.of(1, 0, 3) }],
])('%s in a log is corrupt', (_, over) => {
  const stored = resolved(toStore('a', anEvent(), 1, undefined), over);
  expect(() => fromStore('a', stored)).toThrow(expect.objectContaining({ code: 'corrupt' }));
});
