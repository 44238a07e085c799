import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { categories, decodeEnvelope, encodeEnvelope, packRef, parties, unpackRef } from '#events';
import type { Envelope } from '#events';
import type { SealedGroup } from '#vault';
import { id, text } from './arbitraries.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value));
const count = fc.maxSafeInteger().map(Math.abs);
const domain = fc.record({
  controller: fc.oneof(
    fc.constant('operator'),
    text.map((name) => `account:${name}`),
  ),
  retentionClass: text,
});
const fingerprint = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map((value) => Buffer.from(value));

const group: fc.Arbitrary<SealedGroup> = fc.record({
  category: fc.constantFrom(...categories),
  pointer: bytes,
  boxes: fc.array(fc.record({ party: fc.constantFrom(...parties), box: bytes }), { maxLength: 5 }),
});

const envelope: fc.Arbitrary<Envelope> = fc.record({
  coordinate: fc.record({
    offset: count,
    index: fc.nat(),
    last: fc.boolean(),
    brokerTime: fc.option(count, { nil: undefined }),
  }),
  fingerprint,
  domain,
  month: fc.nat({ max: 5000 }),
  omitted: fc.constantFrom(undefined, 'epoch_stripped', 'account_closed', 'erased'),
  groups: fc.array(group, { maxLength: 3 }),
});

describe('an envelope', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(envelope, (value) => {
        expect(decodeEnvelope(encodeEnvelope(value))).toEqual(value);
      }),
    );
  });

  it('shares no byte with the one encoded after it', () => {
    const [one, two] = fc.sample(envelope, { numRuns: 2, seed: 1 });
    if (one === undefined || two === undefined) throw new Error('no sample');
    const first = encodeEnvelope(one);
    const before = Buffer.from(first);
    encodeEnvelope(two);
    expect(first).toEqual(before);
  });

  it('is refused when cut or continued anywhere', () => {
    const [value] = fc.sample(envelope, { numRuns: 1, seed: 3 });
    if (value === undefined) throw new Error('no sample');
    const whole = Buffer.from(encodeEnvelope(value));
    const corrupt = expect.objectContaining({ code: 'corrupt_event' });
    expect(() => decodeEnvelope(Buffer.concat([whole, Buffer.alloc(1)]))).toThrow(corrupt);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeEnvelope(whole.subarray(0, length)), `cut at ${length}`).toThrow(corrupt);
    }
  });

  it('of a version from the future says so', () => {
    const [value] = fc.sample(envelope, { numRuns: 1, seed: 4 });
    if (value === undefined) throw new Error('no sample');
    const newer = Buffer.from(encodeEnvelope(value));
    newer[0] = 9;
    expect(() => decodeEnvelope(newer)).toThrow(/version 9/);
  });

  it.each([
    [
      'an unknown party',
      {
        groups: [
          {
            category: 'traffic',
            pointer: new Uint8Array(1),
            boxes: [{ party: 'neighbour', box: new Uint8Array(1) }],
          },
        ],
      },
    ],
    ['a short fingerprint', { fingerprint: new Uint8Array(7) }],
    ['a negative offset', { coordinate: { offset: -1, index: 0, last: true } }],
  ] as const)('cannot hold %s', (_what, part) => {
    const whole: Envelope = {
      coordinate: { offset: 1, index: 0, last: true },
      fingerprint: new Uint8Array(8),
      domain: { controller: 'operator', retentionClass: 'cpaas-eu' },
      month: 682,
      groups: [],
      ...part,
    };
    expect(() => encodeEnvelope(whole)).toThrow(expect.objectContaining({ code: 'unencodable' }));
  });

  it('keeps its codes: parties and categories are only ever added at the end', () => {
    expect(parties.slice(0, 12)).toEqual([
      'all',
      'caller',
      'callee',
      'forwarder',
      'transferor',
      'transferee',
      'member',
      'mailbox',
      'sender',
      'recipient',
      'contact',
      'holder',
    ]);
    expect(categories.slice(0, 3)).toEqual(['traffic', 'content', 'usage']);
  });

  it('of version 1 reads as it did when it was first written', () => {
    const golden = Buffer.from(
      '010f0102030405060708' +
        '8a0c' +
        '01' +
        '80e0959ea034' +
        'aa05' +
        '08' +
        Buffer.from('cpaas-eu').toString('hex') +
        '01' +
        '00' +
        '02aabb' +
        '01' +
        '01' +
        '03ccddee',
      'hex',
    );
    const value: Envelope = {
      coordinate: { offset: 1546, index: 1, last: true, brokerTime: 1795359600640 },
      fingerprint: Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]),
      domain: { controller: 'operator', retentionClass: 'cpaas-eu' },
      month: 682,
      omitted: 'epoch_stripped',
      groups: [
        {
          category: 'traffic',
          pointer: Buffer.from([0xaa, 0xbb]),
          boxes: [{ party: 'caller', box: Buffer.from([0xcc, 0xdd, 0xee]) }],
        },
      ],
    };
    expect(encodeEnvelope(value).toString('hex')).toBe(golden.toString('hex'));
    expect(decodeEnvelope(golden)).toEqual(value);
  });
});

describe('a packed reference', () => {
  const reference = fc.record({
    eventId: id.map((value) => Buffer.from(value)),
    type: fc.constantFrom('call.initiated', 'sms.submitted', 'of.a.later.version'),
    fingerprint,
    domain,
    month: fc.nat({ max: 5000 }),
    accountId: text,
    group,
  });

  it('comes back as it was', () => {
    fc.assert(
      fc.property(reference, (value) => {
        expect(unpackRef(packRef(value))).toEqual(value);
      }),
    );
  });

  it('of version 1 reads as it did when views first kept it', () => {
    const text = (value: string) =>
      Buffer.from([value.length]).toString('hex') + Buffer.from(value).toString('hex');
    const golden =
      `0110${'ab'.repeat(16)}${text('sms.sent')}08${'0102030405060708'}aa05` +
      `${text('account:acme')}${text('cpaas-eu')}${text('acme')}` +
      '01' +
      '02aabb' +
      '01' +
      '08' +
      '01cc';
    const value = {
      eventId: Buffer.alloc(16, 0xab),
      type: 'sms.sent',
      fingerprint: Buffer.from('0102030405060708', 'hex'),
      domain: { controller: 'account:acme', retentionClass: 'cpaas-eu' },
      month: 682,
      accountId: 'acme',
      group: {
        category: 'content' as const,
        pointer: Buffer.from([0xaa, 0xbb]),
        boxes: [{ party: 'sender', box: Buffer.from([0xcc]) }],
      },
    };
    expect(packRef(value).toString('hex')).toBe(golden);
    expect(unpackRef(Buffer.from(golden, 'hex'))).toEqual(value);
  });

  it('is refused when cut anywhere', () => {
    const [value] = fc.sample(reference, { numRuns: 1, seed: 5 });
    if (value === undefined) throw new Error('no sample');
    const whole = packRef(value);
    for (let length = 0; length < whole.length; length++) {
      expect(() => unpackRef(whole.subarray(0, length)), `cut at ${length}`).toThrow(
        expect.objectContaining({ code: 'corrupt_event' }),
      );
    }
  });
});
