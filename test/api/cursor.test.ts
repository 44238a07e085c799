import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCursorCodec } from '../../services/api/cursor.ts';
import { scopeOf } from '../../services/api/page.ts';

describe('a cursor', () => {
  const codec = createCursorCodec(randomBytes(32));

  it('gives back the state it was made of, for the same scope', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (scope, state) => {
        expect(codec.open(scope, codec.seal(scope, state))).toBe(state);
      }),
    );
  });

  it('is refused when one bit of it was changed', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(), (state, at) => {
        const bytes = Buffer.from(codec.seal('cdr', state), 'base64url');
        const place = at % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ 1;
        expect(() => codec.open('cdr', bytes.toString('base64url'))).toThrow(/not given out/);
      }),
    );
  });

  it('is refused by another query, another account and another ledger', () => {
    const scope = scopeOf('history', { own: 'acme', from: undefined });
    const cursor = codec.seal(scope, 'x');
    expect(codec.open(scopeOf('history', { from: undefined, own: 'acme' }), cursor)).toBe('x');
    expect(() => codec.open(scopeOf('history', { own: 'other' }), cursor)).toThrow();
    expect(() => codec.open(scopeOf('communications', { own: 'acme' }), cursor)).toThrow();
    expect(() => createCursorCodec(randomBytes(32)).open(scope, cursor)).toThrow();
  });
});
