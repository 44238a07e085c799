/** How long something unknown may be waited for, so that many such cases cannot stop everything. */
export interface Patience {
  /** What the next case may wait, in ms. */
  readonly leftMs: () => number;
  /** A case waited in vain. */
  spend(ms: number): void;
}

const leastMs = 5_000;
const refill = 0.1;

/**
 * The first case may wait `fullMs`; what is waited in vain is spent, and comes back at a tenth of the
 * time that passes. So a stream of nonsense is waited for a tenth of the time at most, plus a few
 * seconds each.
 */
export function createPatience(
  fullMs: number,
  now: () => number = () => performance.now(),
): Patience {
  let left = fullMs;
  let at = now();
  const catchUp = () => {
    const current = now();
    left = Math.min(fullMs, left + (current - at) * refill);
    at = current;
  };
  return {
    leftMs() {
      catchUp();
      return Math.max(left, Math.min(leastMs, fullMs));
    },
    spend(ms) {
      catchUp();
      left = Math.max(0, left - ms);
    },
  };
}
