import type { Clock } from '#platform';
import type { Domain, Identifier, Month, Reader } from '#vault';
import type { Principal, Purpose } from './auth/principal.ts';
import { ApiError } from './errors.ts';
import { accessOf } from './opening.ts';
import type { Interval } from '#projections';

export interface NumberSearchDeps {
  readonly reader: Reader;
  readonly clock: Clock;
  /** Reads a number as the account would dial it; undefined where it names nobody. */
  readonly identify: (number: string, accountId: string) => Identifier | undefined;
  /** Every domain the account's records can be under. */
  readonly domainsOf: (accountId: string) => readonly Domain[];
}

/** From a number to the slots its records may be indexed under. */
export interface NumberSearch {
  /** As many slots for a number nobody knows as for one everybody does. @throws ApiError `bad_number` */
  slotsOf(
    caller: Principal,
    purpose: Purpose,
    accountId: string,
    number: string,
    interval: Interval,
  ): Promise<(Uint8Array | undefined)[]>;
}

/** Personal data ends twelve months after the month: older slots are gone anyway. */
const MONTHS = 13;

export function createNumberSearch(deps: NumberSearchDeps): NumberSearch {
  return {
    async slotsOf(caller, purpose, accountId, number, interval) {
      const identifier = deps.identify(number, accountId);
      if (identifier === undefined) {
        throw new ApiError(
          'bad_number',
          'this is neither a number in E.164 form (+ and digits) nor an extension of the account',
        );
      }
      const months = monthsOf(interval, deps.clock.now());
      const found = await deps.reader.lookup(
        accessOf(caller, purpose),
        identifier,
        deps.domainsOf(accountId),
        months,
      );
      // A month without a slot stays in the list: its length must tell nothing.
      return found.map(({ slot }) => slot);
    },
  };
}

/** The months of the interval, newest first; without one the last thirteen and the next. */
function monthsOf({ from, to }: Interval, nowUs: number): Month[] {
  const last = Math.min(monthOf(to === undefined ? nowUs : to - 1), monthOf(nowUs) + 1);
  const first = Math.max(from === undefined ? last - MONTHS + 1 : monthOf(from), last - 10 * 12);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => last - index);
}

function monthOf(us: number): Month {
  const date = new Date(us / 1000);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}
