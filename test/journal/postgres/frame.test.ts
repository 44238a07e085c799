import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NewEvent, RecordedEvent } from '#journal';
import { decodeFrame, encodeFrame } from '../../../services/journal/postgres/frame.ts';
import { anEvent, content } from '../../contract/journal-events.ts';

const event = fc.record(
  {
    id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    type: fc.constantFrom('call.initiated', 'call.ended', 'sms.sent', 'Ä.ß'),
    data: fc.uint8Array({ maxLength: 200 }),
    meta: fc.uint8Array({ maxLength: 200 }),
    resume: fc.maxSafeNat(),
  },
  { requiredKeys: ['id', 'type', 'data', 'meta'] },
);
const slice = fc.array(event, { minLength: 1, maxLength: 40 });

function decode(frame: Buffer, first = 1, after = 0): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  decodeFrame(frame, { log: 'a', first, recordedAt: 99 }, after, events);
  return events;
}

test('a slice survives as a frame', () => {
  fc.assert(
    fc.property(slice, fc.integer({ min: 1, max: 2 ** 40 }), (events, first) => {
      const back = decode(encodeFrame(events), first);
      expect(back.map(content)).toEqual(events.map(content));
      expect(back.map(({ position }) => position)).toEqual(events.map((_, i) => first + i));
    }),
  );
});

test('decoding begins behind any position', () => {
  fc.assert(
    fc.property(slice, fc.nat(60), (events, skip) => {
      const back = decode(encodeFrame(events), 101, 100 + skip);
      expect(back.map(content)).toEqual(events.slice(skip).map(content));
    }),
  );
});

test('what is decoded are views on the frame, not copies', () => {
  const frame = encodeFrame([anEvent(), anEvent()]);
  for (const { data, meta, id } of decode(frame)) {
    for (const view of [data, meta, id]) expect(view.buffer).toBe(frame.buffer);
  }
});

test('the same events give the same bytes', () => {
  fc.assert(
    fc.property(slice, (events) => {
      expect(encodeFrame(events).equals(encodeFrame(events.map((one) => ({ ...one }))))).toBe(true);
    }),
  );
});

test('a slice of thousands of types keeps them apart', () => {
  const events: NewEvent[] = Array.from({ length: 3000 }, (_, i) => anEvent({ type: `type.${i}` }));
  expect(decode(encodeFrame(events)).map(({ type }) => type)).toEqual(
    events.map(({ type }) => type),
  );
});

test('bytes that are no frame are corrupt, whatever they are', () => {
  const corrupt = expect.objectContaining({ code: 'corrupt' });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(() => decode(Buffer.from(bytes))).toThrow(corrupt);
    }),
  );
  fc.assert(
    fc.property(slice, fc.nat(), (events, cut) => {
      const frame = encodeFrame(events);
      expect(() => decode(frame.subarray(0, cut % frame.length))).toThrow(corrupt);
    }),
  );
});

test('a damaged table never reads beyond the frame', () => {
  fc.assert(
    fc.property(slice, fc.nat(), fc.integer({ min: 1, max: 255 }), (events, at, flip) => {
      const frame = encodeFrame(events);
      const index = at % frame.length;
      frame.writeUInt8(frame.readUInt8(index) ^ flip, index);
      try {
        for (const { data, meta } of decode(frame))
          expect(data.length + meta.length).toBeLessThanOrEqual(frame.length);
      } catch (error) {
        expect(error).toMatchObject({ code: 'corrupt' });
      }
    }),
    { numRuns: 500 },
  );
});
