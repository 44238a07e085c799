/** Time as tollbook counts it: microseconds since 1970-01-01T00:00:00Z, an integer below 2^53. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = {
  now: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
};

/** A clock that moves only when told to: tests and rehearsals of retention. */
export function manualClock(
  startUs: number,
): Clock & { set(us: number): void; advance(us: number): void } {
  let current = startUs;
  return {
    now: () => current,
    set: (us) => {
      current = us;
    },
    advance: (us) => {
      current += us;
    },
  };
}
