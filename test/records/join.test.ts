import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Contribution } from '#records';
import {
  add,
  assemble,
  decodeState,
  emptyState,
  encodeState,
  REPEATS_MAX,
  stateRefs,
  unite,
  usageStatement,
} from '#records';
import { anyContribution, CALL, said, sealed, stateOf } from './contributions.ts';

const many = fc.array(anyContribution, { minLength: 1, maxLength: 40 });

/** A set in any order, with any of its members again: same multiset of facts. */
const shuffledTwice = many.chain((contributions) =>
  fc.tuple(
    fc.shuffledSubarray(contributions, { minLength: contributions.length }),
    fc.shuffledSubarray([...contributions, ...contributions], {
      minLength: contributions.length * 2,
    }),
  ),
);

function stored(contributions: readonly Contribution[]): string {
  const state = stateOf([
    { ...said('call.interim', 0), eventId: '0'.repeat(32), factsDigest: 1, position: 1 },
    ...contributions,
  ]);
  return encodeState(state).toString('hex');
}

describe('the join of contributions', () => {
  it('gives the same state and record in any order of arrival and with any repeats', () => {
    fc.assert(
      fc.property(shuffledTwice, ([once, again]) => {
        expect(stored(again)).toBe(stored(once));
        expect(assemble(stateOf(again))).toEqual(assemble(stateOf(once)));
        expect(stateRefs(stateOf(again))).toEqual(stateRefs(stateOf(once)));
      }),
      { numRuns: 400 },
    );
  });

  it('gives the same when the events come in any slices whose states are united in any order', () => {
    const slices = many.chain((contributions) =>
      fc.tuple(
        fc.constant(contributions),
        fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }),
        fc.boolean(),
      ),
    );
    fc.assert(
      fc.property(slices, ([contributions, places, reversed]) => {
        const parts = [0, 1, 2, 3].map((slice) =>
          contributions.filter((_, at) => places[at] === slice),
        );
        const united = emptyState(contributions[0]?.member ?? CALL);
        for (const part of reversed ? parts.toReversed() : parts)
          if (part.length > 0) unite(united, stateOf(part));
        expect(encodeState(united).toString('hex')).toBe(
          encodeState(stateOf(contributions)).toString('hex'),
        );
      }),
      { numRuns: 400 },
    );
  });

  it('says whether anything changed, so that a repeat costs no write', () => {
    fc.assert(
      fc.property(many, (contributions) => {
        const state = stateOf(contributions);
        const before = encodeState(state);
        for (const contribution of contributions) expect(add(state, contribution)).toBe(false);
        expect(encodeState(state).equals(before)).toBe(true);
      }),
    );
  });

  it('comes back from its stored form whole', () => {
    fc.assert(
      fc.property(many, (contributions) => {
        const state = stateOf(contributions);
        const back = decodeState(encodeState(state), stateRefs(state));
        expect(encodeState(back).equals(encodeState(state))).toBe(true);
        expect(assemble(back)).toEqual(assemble(state));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a stored state that was cut or written by another version', () => {
    const state = stateOf([said('call.initiated', 0), said('call.ended', 9)]);
    const bytes = encodeState(state);
    expect(() => decodeState(bytes.subarray(0, -1), [])).toThrow(RangeError);
    expect(() => decodeState(Buffer.concat([bytes, Buffer.of(0)]), [])).toThrow(RangeError);
    expect(() => decodeState(Buffer.concat([Buffer.of(99), bytes.subarray(1)]), [])).toThrow(
      /rebuild/,
    );
  });

  it('counts the lowest coordinate where one id came with two bodies, and shows the conflict', () => {
    const first = said('call.ended', 60, { facts: { causeQ850: 16 } });
    const other = {
      ...first,
      factsDigest: 999,
      facts: { causeQ850: 17 },
      position: first.position + 10,
    };
    const begun = said('call.initiated', 0);
    for (const order of [
      [begun, first, other],
      [other, begun, first],
    ]) {
      const record = assemble(stateOf(order));
      expect(record.q850).toBe(16);
      expect(record.conflicts).toBe(1);
    }
  });

  it('takes a repeat whose boxes were left out for no conflict', () => {
    const first = said('call.initiated', 0, sealed({ caller: 'x', callee: 'y' }));
    const again = {
      ...first,
      groups: [],
      partyDigest: 0,
      omitted: true,
      position: first.position + 1,
    };
    expect(assemble(stateOf([again, first])).conflicts).toBe(0);
  });

  it('sees another person in the same seat within a month as a conflict, but not one that a transfer brings', () => {
    const begun = said('call.initiated', 0, sealed({ caller: 'x', callee: 'y' }));
    const differs = said('call.answered', 5, sealed({ callee: 'w' }));
    const moved = said('call.transferred', 9, sealed({ callee: 'v' }));
    expect(assemble(stateOf([begun, differs])).conflicts).toBe(1);
    expect(assemble(stateOf([begun, moved])).conflicts).toBe(0);
    expect(assemble(stateOf([begun, moved])).parties).toHaveLength(3);
  });

  it(`keeps the lowest ${REPEATS_MAX} of a repeating type on a leg and says that more came`, () => {
    const interims = Array.from({ length: REPEATS_MAX + 40 }, (_, at) => said('call.interim', at));
    const forward = stateOf(interims);
    const backward = stateOf(interims.toReversed());
    expect(forward.elements).toHaveLength(REPEATS_MAX);
    expect(assemble(forward).overflow).toBe(true);
    expect(encodeState(backward).equals(encodeState(forward))).toBe(true);
    const halves = stateOf(interims.slice(300));
    unite(halves, stateOf(interims.slice(0, 320).toReversed()));
    expect(encodeState(halves).equals(encodeState(forward))).toBe(true);
  });

  it('unites linked communications under the lowest id from either side', () => {
    const other = 'b0000000000000000000000000000009';
    const link = said('communication.linked', 3, { links: [other] });
    const one = stateOf([said('call.initiated', 0), link]);
    const two = stateOf([said('call.answered', 4, { member: other })]);
    unite(one, two);
    expect(one.id).toBe(other);
    expect(one.members).toEqual([other, CALL]);
    const back = stateOf([said('call.answered', 4, { member: other })]);
    unite(back, stateOf([said('call.initiated', 0), link]));
    expect(back.members).toEqual(one.members);
    expect(usageStatement(assemble(back))).toBeUndefined();
  });
});
