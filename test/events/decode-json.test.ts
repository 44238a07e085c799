import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventsError, decodeJson, loadSchemas } from '#events';

const schemas = await loadSchemas();

const call = {
  type: 'call.initiated',
  eventId: 'e-1',
  occurredAt: '2026-11-22T15:00:00.123456Z',
  communicationId: 'c-1',
  accountId: 'acme',
  direction: 'outbound',
  callerNumber: '+447700900123',
  calleeNumber: '+12025550147',
};

function problemsOf(event: unknown): unknown {
  try {
    decodeJson(schemas, event);
  } catch (error) {
    if (error instanceof EventsError) return { code: error.code, problems: error.problems };
    throw error;
  }
  return 'accepted';
}

describe('an event in JSON', () => {
  it('reads into the values of its schema, what is absent as null', () => {
    const { plan, values, unknownFields } = decodeJson(schemas, call);
    expect(plan.type).toBe('call.initiated');
    expect(values).toMatchObject({
      eventId: 'e-1',
      direction: 'outbound',
      legId: null,
      route: null,
    });
    expect(values['occurredAt']).toBe(Date.UTC(2026, 10, 22, 15) * 1000 + 123_456);
    expect(unknownFields).toEqual([]);
  });

  it('is told which of its fields nobody knows, by name alone', () => {
    const event = { ...call, calleeNumbre: '+12025550147', '+447700900123': true, 'x-y': 1 };
    expect(decodeJson(schemas, event).unknownFields).toEqual([
      'calleeNumbre',
      '(a name that is none)',
      '(a name that is none)',
    ]);
  });

  it('cannot set what the ledger computes', () => {
    const { values } = decodeJson(schemas, {
      ...call,
      destinationCountry: 'ZZ',
      destinationPrefix: 7,
    });
    expect(values).toMatchObject({ destinationCountry: null, destinationPrefix: null });
  });

  it.each([
    ['2026-11-22T15:00:00Z', Date.UTC(2026, 10, 22, 15) * 1000],
    ['2026-11-22T15:00Z', Date.UTC(2026, 10, 22, 15) * 1000],
    ['2026-11-22 15:00:00.5+00:00', Date.UTC(2026, 10, 22, 15) * 1000 + 500_000],
    ['2026-11-22T15:00:00.123456789+0530', Date.UTC(2026, 10, 22, 9, 30) * 1000 + 123_456],
    ['2026-11-22T15:00:00-08:00', Date.UTC(2026, 10, 22, 23) * 1000],
    [1_795_359_600_123_456, 1_795_359_600_123_456],
  ])('takes the time %s', (occurredAt, expected) => {
    expect(decodeJson(schemas, { ...call, occurredAt }).values['occurredAt']).toBe(expected);
  });

  it.each([
    '2026-11-22T15:00:00',
    '2026-02-30T15:00:00Z',
    '2026-11-22T25:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-22T15:00:00+25:00',
    'yesterday',
    1.5,
    2 ** 53,
    true,
    {},
  ])('refuses %s as a time, for want of a zone or of sense', (occurredAt) => {
    expect(problemsOf({ ...call, occurredAt })).toMatchObject({
      code: 'invalid_event',
      problems: [{ field: 'occurredAt', problem: expect.stringContaining('ISO 8601 with a zone') }],
    });
  });

  it('agrees with the clock on every instant', () => {
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }),
        (at) => {
          const { values } = decodeJson(schemas, { ...call, occurredAt: at.toISOString() });
          expect(values['occurredAt']).toBe(at.getTime() * 1000);
        },
      ),
    );
  });

  it.each([
    [{ ...call, occurredAt: undefined }, 'occurredAt', 'must be a time'],
    [{ type: 'call.initiated', communicationId: 'c' }, 'occurredAt', 'is missing'],
    [{ ...call, communicationId: null }, 'communicationId', 'must not be null'],
    [{ ...call, direction: 'sideways' }, 'direction', 'must be one of inbound, outbound, internal'],
    [{ ...call, route: 7 }, 'route', 'must be text'],
    [{ ...call, sourceSequence: 2 ** 53 }, 'sourceSequence', 'must be a whole number below 2^53'],
    [
      { ...call, type: 'call.ended', durationSeconds: 1.5 },
      'durationSeconds',
      'must be a whole number',
    ],
    [{ ...call, type: 'call.ended', sipStatus: 2 ** 31 }, 'sipStatus', 'must be a whole number'],
    [{ ...call, type: 'call.ringing', earlyMedia: 'yes' }, 'earlyMedia', 'must be true or false'],
    [{ ...call, type: 7 }, 'type', 'must name the event type'],
    [[], '', 'must be an object'],
    ['hello', '', 'must be an object'],
    [null, '', 'must be an object'],
  ])('is refused with the name of the field: %j', (event, field, problem) => {
    expect(problemsOf(event)).toMatchObject({
      code: 'invalid_event',
      problems: expect.arrayContaining([{ field, problem: expect.stringContaining(problem) }]),
    });
  });

  it('is told every problem at once, and never what a field held', () => {
    const secret = '+447700900123';
    const event = { ...call, occurredAt: secret, direction: secret, sourceSequence: secret };
    expect(() => decodeJson(schemas, event)).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({ field: 'occurredAt' }),
          expect.objectContaining({ field: 'direction' }),
          expect.objectContaining({ field: 'sourceSequence' }),
        ],
        message: expect.not.stringContaining('7700'),
      }),
    );
  });

  it('of a type nobody knows is refused, its name told only when it looks like one', () => {
    const refusal = (message: unknown) =>
      expect.objectContaining({ code: 'unknown_type', message });
    expect(() => decodeJson(schemas, { type: 'call.sung' })).toThrow(
      refusal(expect.stringContaining('call.sung')),
    );
    expect(() => decodeJson(schemas, { type: '+447700900123' })).toThrow(
      refusal(expect.not.stringContaining('7700')),
    );
    expect(() => decodeJson(schemas, { type: '__proto__' })).toThrow(refusal(expect.any(String)));
    expect(() => decodeJson(schemas, { type: 'constructor' })).toThrow(refusal(expect.any(String)));
  });

  it('is never a way into the prototype', () => {
    const event = JSON.parse(`{"__proto__": {"polluted": 1}, ${JSON.stringify(call).slice(1)}`);
    const { values, unknownFields } = decodeJson(schemas, event);
    expect(unknownFields).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });
});
