import fc from 'fast-check';
import type { CommunicationState, Contribution } from '#records';
import { add, emptyState } from '#records';

export const START = Date.UTC(2026, 10, 3, 9) * 1000;
export const CALL = 'c0000000000000000000000000000001';

let drawn = 0;

/** A contribution at `second` after START; positions follow the order of the calls. */
export function said(type: string, second: number, more: Partial<Contribution> = {}): Contribution {
  drawn += 1;
  return {
    eventId: drawn.toString(16).padStart(32, '0'),
    member: CALL,
    type,
    log: 1,
    position: drawn,
    time: START + second * 1_000_000,
    sequence: -1,
    leg: '',
    account: 'acme',
    source: 'switch-1',
    factsDigest: drawn,
    partyDigest: 0,
    omitted: false,
    facts: {},
    groups: [],
    links: [],
    ...more,
  };
}

/** Boxes of one event: a party and the slot behind it each. */
export function sealed(
  parties: Readonly<Record<string, string>>,
): Pick<Contribution, 'groups' | 'partyDigest'> {
  const boxes = Object.entries(parties).map(([party, slot]) => ({
    party,
    slots: [Buffer.from(slot.padEnd(12)).toString('hex')],
  }));
  const ref = Buffer.from(JSON.stringify(parties));
  let partyDigest = 7;
  for (const byte of ref) partyDigest = (partyDigest * 31 + byte) % 2 ** 40;
  return { groups: [{ ref, category: 'traffic', epoch: '682.cpaas-eu', boxes }], partyDigest };
}

export function stateOf(contributions: readonly Contribution[]): CommunicationState {
  const state = emptyState(contributions[0]?.member ?? CALL);
  for (const contribution of contributions) add(state, contribution);
  return state;
}

const LEGS = ['', 'a', 'b', 'b2', 'c'];
const TYPES = [
  'call.initiated',
  'call.ringing',
  'call.answered',
  'call.held',
  'call.resumed',
  'call.leg.added',
  'call.bridged',
  'call.forwarded',
  'call.transferred',
  'call.recording.started',
  'call.recording.available',
  'call.interim',
  'call.ended',
  'call.closed_by_timeout',
  'sms.submitted',
  'sms.sent',
  'sms.delivered',
  'sms.failed',
  'sms.received',
  'voicemail.message.deposited',
  'voicemail.listened',
  'communication.linked',
  'call.of.the.future',
];

const idDigits = (prefix: string) =>
  fc.integer({ min: 1, max: 12 }).map((n) => prefix + n.toString(16).padStart(31, '0'));

const facts = fc.record(
  {
    direction: fc.constantFrom('inbound', 'outbound', 'internal'),
    destinationPrefix: fc.constantFrom('447700', '120255'),
    causeQ850: fc.constantFrom(16, 17, 18, 19, 21, 26, 38),
    segments: fc.integer({ min: 1, max: 9 }),
    durationSeconds: fc.integer({ min: 0, max: 90_000 }),
    startedAt: fc.integer({ min: 0, max: 90 }).map((second) => START + second * 1_000_000),
    targetLegId: fc.constantFrom(...LEGS),
    groupId: fc.constantFrom('sales', 'care'),
    hangupParty: fc.constantFrom('caller', 'callee'),
    recordingId: fc.constantFrom('r1', 'r2'),
  },
  { requiredKeys: [] },
);

/** Any contribution at all; ids, bodies, members and coordinates meet often. */
export const anyContribution: fc.Arbitrary<Contribution> = fc
  .record({
    eventId: idDigits('e'),
    member: fc.constantFrom(CALL, 'c0000000000000000000000000000002'),
    type: fc.constantFrom(...TYPES),
    coordinate: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 400 })),
    second: fc.integer({ min: 0, max: 100 }),
    sequence: fc.integer({ min: -1, max: 5 }),
    leg: fc.constantFrom(...LEGS),
    account: fc.constantFrom('acme', 'bolt', ''),
    body: fc.integer({ min: 1, max: 3 }),
    omitted: fc.boolean(),
    facts,
    who: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
    links: fc.oneof(
      { weight: 9, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.constant(['c0000000000000000000000000000003']) },
    ),
  })
  .map((drawn): Contribution => {
    // A real journal never gives one body two contents: what differs shows in the digest.
    const { coordinate, second, body, who, ...rest } = drawn;
    const said = { ...rest, time: START + second * 1_000_000, source: 'switch-1' };
    const parties =
      who === undefined ? { groups: [], partyDigest: 0 } : sealed({ caller: who, callee: 'z' });
    const factsDigest = digest(JSON.stringify([said, body]));
    return { ...said, ...parties, factsDigest, log: coordinate[0], position: coordinate[1] };
  })
  // One place in the journal holds one event.
  .map((contribution) => ({
    ...contribution,
    position: contribution.position * 1e6 + (contribution.factsDigest % 1e6),
  }));

function digest(text: string): number {
  let value = 17;
  for (let at = 0; at < text.length; at += 1) value = (value * 131 + text.charCodeAt(at)) % 2 ** 44;
  return value;
}
