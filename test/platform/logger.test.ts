import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogger, maskNumbers } from '#platform';

function capture(log: (logger: ReturnType<typeof createLogger>) => void): string {
  let out = '';
  log(
    createLogger({
      level: 'trace',
      name: 'test',
      destination: { write: (line) => void (out += line) },
    }),
  );
  return out;
}

const NUMBER = '447700900123';

test('a number appears in no log line, wherever it was put', () => {
  const out = capture((logger) => {
    logger.info(`call from +${NUMBER}`);
    logger.info(
      { caller: `+${NUMBER}`, nested: { deep: [`tel:${NUMBER}`], [`+${NUMBER}`]: 1 } },
      'x',
    );
    logger.warn({ raw: Buffer.from(NUMBER), big: BigInt(NUMBER) }, `%s`, `+${NUMBER}`);
    logger.error({
      err: new Error(`no route to +${NUMBER}`, { cause: new Error(`sip:${NUMBER}@host.example`) }),
    });
    logger.error(new Error(`failed for ${NUMBER}`));
    logger.child({ subject: `+${NUMBER}` }).info('from a child');
  });
  expect(out.split('\n').filter(Boolean)).toHaveLength(6);
  expect(out).not.toContain(NUMBER);
  expect(out).not.toContain('900123');
});

test('numbers as people write them are masked too', () => {
  for (const written of [
    '+44 7700 900123',
    '07700-900123',
    '(020) 7946 0123',
    '%2B447700900123',
    '1.202.555.0143',
    '00447700900123',
  ]) {
    expect(maskNumbers(`from ${written}.`)).not.toMatch(/\d{3}/);
  }
});

test('ids, time stamps and small figures stay readable', () => {
  const text = 'slice 1000 of 6f1c2d3e-0000-4000-8000-123456789012 at 2026-11-22T15:21:29.123Z';
  expect(maskNumbers(text)).toBe(text);
});

test('whatever surrounds it, a run of ten digits never survives', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.stringMatching(/^[1-9]\d{9}$/),
      fc.string(),
      (before, digits, after) => {
        const text = `${before} ${digits} ${after}`;
        expect(maskNumbers(text).includes(` ${digits} `)).toBe(false);
      },
    ),
  );
});
