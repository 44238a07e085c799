import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NumberContext } from '#ingest';
import { identify } from '#ingest';
import { createNumberCache } from '../../../services/ingest/numbers/number-cache.ts';
import { zoneOf } from '../../../services/ingest/numbers/zone.ts';

const voice: NumberContext = { country: 'GB', accountId: 'acme', messaging: false };
const messaging: NumberContext = { ...voice, messaging: true };
const nowhere: NumberContext = { ...voice, country: undefined };

describe('identify', () => {
  test.each([
    ['+447700900123', '+447700900123'],
    ['+44 (0)7700 900123', '+447700900123'],
    ['07700 900123', '+447700900123'],
    ['0012025550147', '+12025550147'],
    ['tel:+12025550147;phone-context=example.com', '+12025550147'],
    ['sip:+12025550147@192.0.2.10:5060;user=phone', '+12025550147'],
    ['"Sam" <sip:07700900123@pbx.example.com>;tag=1', '+447700900123'],
    ['sip:%2B12025550147@example.com', '+12025550147'],
  ])('reads %s as the number it is', (raw, e164) => {
    const found = identify(raw, voice);
    expect(found).toMatchObject({ value: e164, service: null });
    expect(found.identifier).toMatchObject({ namespace: 'tel', scope: '', value: e164 });
  });

  test.each([
    ['112', 'emergency', voice],
    ['999', 'emergency', voice],
    ['911', 'emergency', messaging],
    ['anonymous', 'anonymous', voice],
    ['', 'anonymous', voice],
    ['sip:anonymous@anonymous.invalid', 'anonymous', voice],
    ['+266696687', 'anonymous', voice],
    ['62345', 'short_code', messaging],
    ['ACME Shop', 'alphanumeric', messaging],
  ] as const)('%s is a service (%s) and names nobody', (raw, service, context) => {
    const found = identify(raw, context);
    expect(found.service).toBe(service);
    expect(found.identifier).toBeUndefined();
    expect(found.prefix).toBeNull();
  });

  test('an emergency code of another country is an extension', () => {
    expect(identify('190', voice)).toMatchObject({ service: 'extension' });
    expect(identify('190', { ...voice, country: 'BR' })).toMatchObject({ service: 'emergency' });
  });

  test('an extension belongs to its account', () => {
    const mine = identify('2001', voice).identifier;
    const theirs = identify('2001', { ...voice, accountId: 'other' }).identifier;
    expect(mine).toMatchObject({ namespace: 'ext', scope: 'acme', value: '2001' });
    expect(theirs?.key).not.toBe(mine?.key);
  });

  test('without a country a national form is kept as it is, never guessed', () => {
    expect(identify('07700900123', nowhere)).toMatchObject({
      value: '07700900123',
      service: 'unparsed',
      country: null,
    });
    expect(identify('+99912345678901', voice)).toMatchObject({ service: 'unparsed', prefix: null });
  });

  test('a number of seven digits or more is never a short code, also without a country', () => {
    const found = identify('20123456', { ...messaging, country: undefined });
    expect(found).toMatchObject({
      service: 'unparsed',
      identifier: { namespace: 'ext', scope: 'acme' },
    });
    expect(identify('20123456', { ...messaging, country: 'DK' }).value).toBe('+4520123456');
  });

  test('what has no UTF-8 form is made to have one before anything is made of it', () => {
    for (const raw of ['\ud800', 'sip:\ud800@example.com', '+44770090\udc00']) {
      const found = identify(raw, voice);
      expect(found.value.isWellFormed()).toBe(true);
      expect(found.identifier?.key.isWellFormed() ?? true).toBe(true);
    }
  });

  test('digits of other widths are the same number', () => {
    expect(identify('＋447700900123', voice).value).toBe('+447700900123');
  });

  test('a SIP address that is no number stays an address', () => {
    expect(identify('sip:Alex@Example.COM:5061;transport=tls', voice)).toMatchObject({
      service: 'sip',
      identifier: { namespace: 'sip', value: 'alex@example.com' },
    });
  });

  test('the prefix never holds the last four digits', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+[1-9]\d{6,14}$/), (number) => {
        const { prefix, value, service } = identify(number, voice);
        if (service !== null || prefix === null) return;
        const digits = value.slice(1);
        expect(digits.startsWith(prefix)).toBe(true);
        expect(prefix.length).toBeLessThanOrEqual(Math.min(8, digits.length - 4));
      }),
    );
  });

  test('any text is read without failing, and reading what was read changes nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary' })),
        fc.boolean(),
        (raw, isMessage) => {
          const context = isMessage ? messaging : voice;
          const once = identify(raw, context);
          const again = identify(once.value, context);
          if (once.identifier?.namespace === 'tel')
            expect(again.identifier?.key).toBe(once.identifier.key);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('the number cache', () => {
  test('gives one Identifier object for one number, however it is written', () => {
    const cache = createNumberCache();
    const plain = cache.get('+447700900123', voice);
    expect(cache.get('07700900123', voice).identifier).toBe(plain.identifier);
    expect(cache.get('+447700900123', messaging).identifier).toBe(plain.identifier);
  });

  test('does not hand one account’s extension or junk to another', () => {
    const cache = createNumberCache();
    for (const raw of ['2001', '+999000']) {
      expect(cache.get(raw, voice).identifier?.scope).toBe('acme');
      expect(cache.get(raw, { ...voice, accountId: 'other' }).identifier?.scope).toBe('other');
    }
  });

  test('stays within its limit', () => {
    const cache = createNumberCache(1_000);
    for (let n = 0; n < 10_000; n += 1) cache.get(`+4477009${String(n).padStart(5, '0')}`, voice);
    expect(cache.size).toBeLessThanOrEqual(1_500);
  });
});

test('zones are seen from the source', () => {
  expect(zoneOf('GB', 'GB')).toBe('national');
  expect(zoneOf('FR', 'DE')).toBe('eea');
  expect(zoneOf('FR', 'GB')).toBe('international');
  expect(zoneOf('US', undefined)).toBe('international');
  expect(zoneOf(null, 'GB')).toBeNull();
});
