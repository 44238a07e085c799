import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createIdHasher } from '../../../services/ingest/ids/hash.ts';
import { isMonthsBeginning, monthOf, monthStart } from '../../../services/ingest/ids/month.ts';
import { isUuid, mayNameSomeone, readsLikeNumber } from '../../../services/ingest/ids/native-id.ts';
import { createScopedIds, MissingIdKey } from '../../../services/ingest/ids/scoped-ids.ts';
import { uuid5 } from '../../../services/ingest/ids/uuid5.ts';

describe('native ids', () => {
  test.each([
    '+447700900123',
    '7700-900-123',
    'i87a2hh93r9@192.0.2.10',
    'SIP/1001-00000001',
    'call 07700 900 123',
    'rec-447700900123-0b0e6f7a-6a3c-4d51-9c1d-2f6f4f0c1a01',
    '00000000-0000-0000-0000-447700900123',
  ])('%s may name someone', (id) => expect(mayNameSomeone(id)).toBe(true));

  test.each([
    'c1',
    'a',
    '0b0e6f7a-6a3c-4d51-9c1d-2f6f4f0c1a01',
    'rec-77345678-1234-4234-9234-123456789012',
    'leg_2',
  ])('%s names nobody', (id) => expect(mayNameSomeone(id)).toBe(false));

  test('a number in any spelling is seen within any id', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z]{0,8}$/),
        fc.stringMatching(/^[1-9](?:[ .-]?\d){8,12}$/),
        (label, number) => {
          expect(mayNameSomeone(`${label}${number}`)).toBe(true);
        },
      ),
    );
  });

  test('random UUIDs are told from what only looks like them', () => {
    fc.assert(
      fc.property(fc.uuid({ version: [1, 4, 5, 7] }), (uuid) => {
        expect(isUuid(uuid)).toBe(true);
      }),
    );
    expect(isUuid('0b0e6f7a-6a3c-0d51-9c1d-2f6f4f0c1a01')).toBe(false);
    expect(isUuid('0b0e6f7a-6a3c-4d51-0c1d-2f6f4f0c1a01')).toBe(false);
  });

  test.each([
    'gw +44 7700 900123',
    'alex@example.com',
    'sip:alex',
    '4477009001',
    '(020) 7946 0123',
    '06 12 34 56 78',
    '20 12 34 56',
    '07700_900123',
    '07700/900123',
    '07700:900123',
    '+44_7700_900123',
    '0770-09-00123',
    '9161-23-45-67',
    '2026-11-15 900123',
    '２０２５５５０１４７',
    '٠٧٧٠٠٩٠٠١٢٣',
    '192.0.2.17:5060',
  ])('the clear fact %s reads like a number', (text) => expect(readsLikeNumber(text)).toBe(true));

  test.each([
    'trunk-a',
    'PCMU/8000',
    'G729/8000/1',
    'opus/48000/2',
    '2026-11-15T12:00:00Z',
    '2026-11-15',
    'uk-premium',
    '23410',
    'NORMAL_CLEARING',
    'rec-77345678-1234-4234-9234-123456789012',
  ])('the clear fact %s does not', (text) => expect(readsLikeNumber(text)).toBe(false));

  test.each(['07700_900123', '07700:900123', '06.12.34.56.78'])(
    'the id %s may name someone',
    (id) => expect(mayNameSomeone(id)).toBe(true),
  );
});

describe('scoped ids', () => {
  const key = Buffer.alloc(32, 1);
  const other = Buffer.alloc(32, 2);
  const keys = { get: (month: number) => (month === 10 ? key : month === 11 ? other : undefined) };
  const callId = 'i87a2@192.0.2.10';

  test('differ by source, by kind and by part border', () => {
    const a = createIdHasher('event', 'ab').hash('c');
    expect(createIdHasher('event', 'a').hash('bc')).not.toEqual(a);
    expect(createIdHasher('communication', 'ab').hash('c')).not.toEqual(a);
    expect(createIdHasher('event', 'ab').hash('c')).toEqual(a);
    expect(a).toHaveLength(16);
  });

  test('an id longer than the scratch buffer is hashed whole', () => {
    const hasher = createIdHasher('event', 's');
    expect(hasher.hash('x'.repeat(5_000))).not.toEqual(hasher.hash('x'.repeat(5_001)));
  });

  test('an id that may name someone depends on its month’s key, another does not', () => {
    const ids = createScopedIds('s', keys);
    expect(ids.communication(callId, 10)).not.toEqual(ids.communication(callId, 11));
    expect(ids.communication('c1', 10)).toEqual(ids.communication('c1', 11));
    expect(ids.alsoCommunication(callId, 10)).toEqual(ids.communication(callId, 10));
    expect(ids.alsoCommunication('c1', 10)).toBeUndefined();
  });

  test('asks for a key that is not loaded', () => {
    const ids = createScopedIds('s', keys);
    expect(() => ids.communication(callId, 12)).toThrow(MissingIdKey);
    expect(ids.communication('c1', 12)).toHaveLength(16);
  });

  test('a leg keeps its plain name and loses one that may carry a number', () => {
    const ids = createScopedIds('s', keys);
    expect(ids.within('c1', 'a', 10)).toBe('a');
    expect(ids.within('c1', 'SIP/447700900123-0001', 10)).toMatch(/^[\w-]{22}$/);
  });

  test('a leg of a call with a random UUID has one token over a month’s border', () => {
    const ids = createScopedIds('s', keys);
    const call = '0b0e6f7a-6a3c-4d51-9c1d-2f6f4f0c1a01';
    const leg = 'PJSIP/alex-0001';
    expect(ids.within(call, leg, 10)).toBe(ids.within(call, leg, 11));
    const another = '1b0e6f7a-6a3c-4d51-9c1d-2f6f4f0c1a01';
    expect(ids.within(call, leg, 10)).not.toBe(ids.within(another, leg, 10));
    // A time-based UUID could be guessed, so its month's key serves.
    const timed = '0b0e6f7a-6a3c-1d51-9c1d-2f6f4f0c1a01';
    expect(ids.within(timed, leg, 10)).not.toBe(ids.within(timed, leg, 11));
  });

  test('an import keys all ids with the month it was begun in', () => {
    const ids = createScopedIds('s', keys, 11);
    expect(ids.communication(callId, 3)).toEqual(
      createScopedIds('s', keys).communication(callId, 11),
    );
    expect(ids.alsoCommunication(callId, 3)).toBeUndefined();
  });
});

describe('UUID version 5', () => {
  test('has the version and variant of RFC 9562 and depends on every part and its place', () => {
    const id = uuid5('sw', 'call-1', 'ended');
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuid5('sw', 'call-1', 'ended')).toBe(id);
    expect(uuid5('sw', 'call-1', 'answered')).not.toBe(id);
    expect(uuid5('sw', 'call', '1ended')).not.toBe(uuid5('sw', 'call1', 'ended'));
  });
});

test('months are UTC and begin at their first microsecond', () => {
  const november = Date.UTC(2026, 10, 1) * 1000;
  expect(monthOf(november)).toBe(682);
  expect(monthOf(november - 1)).toBe(681);
  expect(monthStart(682)).toBe(november);
  expect(isMonthsBeginning(november + 3 * 86_400_000_000 - 1)).toBe(true);
  expect(isMonthsBeginning(november + 3 * 86_400_000_000)).toBe(false);
});
