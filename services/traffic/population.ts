import type { Draw } from './draw.ts';
import { numberAt, numbersAvailable, type PhoneNumber } from './numbers.ts';

/** Who calls whom. */
export interface Population {
  /** A busy account is drawn more often: accounts follow Zipf's law. */
  account(draw: Draw): Account;
  /** Someone outside; few numbers make most of the calls. */
  outsider(draw: Draw): PhoneNumber;
  /** The outsiders one after the other, each once before any twice. */
  nextOutsider(index: number): PhoneNumber;
}

export interface Account {
  readonly id: string;
  /** A number the account owns. */
  own(draw: Draw): PhoneNumber;
}

export interface PopulationSize {
  readonly accounts: number;
  /** How many numbers outside the accounts there are. */
  readonly outsiders: number;
}

/** Numbers kept apart for accounts: the local ranges. */
const ownedNumbers = 20_000;
/** Odd and prime to every count below it: walks the numbers in a scattered order. */
const stride = 611_953;

/**
 * @throws RangeError when more numbers are asked for than there are.
 */
export function createPopulation(size: PopulationSize): Population {
  const owned = Math.floor(ownedNumbers / size.accounts);
  if (owned < 1) throw new RangeError(`at most ${ownedNumbers} accounts`);
  if (size.outsiders > numbersAvailable - ownedNumbers) {
    throw new RangeError(`at most ${numbersAvailable - ownedNumbers} outsiders`);
  }
  const accounts: Account[] = [];
  for (let at = 0; at < size.accounts; at += 1) {
    // Large accounts are drawn more often and own more numbers.
    const count = Math.max(1, Math.min(owned, Math.ceil((owned * 20) / (at + 1))));
    accounts.push({
      id: `acct-${String(at + 1).padStart(5, '0')}`,
      own: (draw) => numberAt(at * owned + draw.int(count)),
    });
  }
  const outsider = (rank: number): PhoneNumber =>
    numberAt(ownedNumbers + ((rank * stride) % size.outsiders));
  return {
    account(draw) {
      const account = accounts[draw.zipf(size.accounts, 10)];
      if (account === undefined) throw new RangeError('there are no accounts');
      return account;
    },
    outsider: (draw) => outsider(draw.zipf(size.outsiders, 20)),
    nextOutsider: (index) => outsider(index % size.outsiders),
  };
}
