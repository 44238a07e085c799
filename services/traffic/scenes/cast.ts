import type { PhoneNumber } from '../numbers.ts';
import type { FieldValues, Stage } from '../scene.ts';
import type { Destination } from '../truth.ts';

/** Who takes part in a call, seen from the account. */
export interface Cast {
  readonly accountId: string;
  readonly direction: 'inbound' | 'outbound' | 'internal';
  /** Party fields of the event that introduces them, and no other. */
  readonly parties: FieldValues;
  readonly destination: Destination;
  readonly numbers: readonly string[];
  /** The number called, for whom a forward or a mailbox speaks. */
  readonly callee: string;
  readonly caller: string;
}

const names = ['Alex Example', 'Sam Example', 'Robin Sample', 'Kim Sample', 'Jo Placeholder'];

/** Draws an account, a direction and two parties; some callers withhold their number. */
export function castCall(stage: Stage, directions: readonly Cast['direction'][]): Cast {
  const { draw, population } = stage;
  const account = population.account(draw);
  const direction = draw.pick(directions);
  if (direction === 'internal') return castInternal(stage, account.id);
  const own = account.own(draw);
  const other = population.outsider(draw);
  const [from, to] = direction === 'outbound' ? [own, other] : [other, own];
  const withheld = direction === 'inbound' && draw.chance(0.02);
  const caller = withheld ? 'anonymous' : from.e164;
  return {
    accountId: account.id,
    direction,
    parties: {
      direction,
      callerNumber: caller,
      calleeNumber: to.e164,
      ...(draw.chance(0.15) && !withheld ? { callerName: draw.pick(names) } : {}),
      ...(direction === 'outbound' ? { egressTrunk: 'trunk-a' } : { ingressTrunk: 'trunk-b' }),
    },
    destination: destinationOf(to, stage.home),
    numbers: withheld ? [to.e164] : [from.e164, to.e164],
    caller,
    callee: to.e164,
  };
}

/** Two extensions of one account: persons, but of no place. */
function castInternal(stage: Stage, accountId: string): Cast {
  const { draw } = stage;
  const caller = String(1000 + draw.int(400));
  const callee = String(1400 + draw.int(400));
  return {
    accountId,
    direction: 'internal',
    parties: { direction: 'internal', callerNumber: caller, calleeNumber: callee },
    destination: nowhere,
    numbers: [],
    caller,
    callee,
  };
}

/** Of extensions and services. */
export const nowhere: Destination = { prefix: '', zone: '' };

export function destinationOf(number: PhoneNumber, home: string): Destination {
  return { prefix: number.prefix, zone: zoneOf(number.country, home) };
}

const eea = new Set(['IE', 'FR']);

function zoneOf(country: string, home: string): string {
  if (country === home) return 'national';
  return eea.has(country) && eea.has(home) ? 'eea' : 'international';
}
