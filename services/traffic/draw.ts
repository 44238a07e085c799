/**
 * Reproducible chance. One generator is re-seeded for every scene, so that scene number `index` of a
 * seed is the same whatever was drawn before it, on any machine.
 */
export interface Draw {
  reseed(seed: number, index: number): void;
  /** At least 0, below 1. */
  unit(): number;
  /** A whole number, at least 0, below `n`. */
  int(n: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Log-normal: half of the values lie below `median`; `sigma` is the spread of the logarithm. */
  logNormal(median: number, sigma: number): number;
  /** Zipf-Mandelbrot with exponent 1: 0 is the likeliest of `n`; `flat` tames the first few. */
  zipf(n: number, flat: number): number;
  /** Eight hexadecimal digits. */
  hex8(): string;
}

/** sfc32 by Chris Doty-Humphrey (PractRand): 128 bits of state, passes BigCrush, few operations. */
export function createDraw(seed = 0): Draw {
  let a = 0;
  let b = 0;
  let c = 0;
  let counter = 1;

  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  const unit = (): number => next() / 0x1_0000_0000;

  const draw: Draw = {
    reseed(base, index) {
      a = mix(base);
      b = mix(index ^ 0x9e37_79b9);
      c = mix(Math.floor(index / 0x1_0000_0000) + a + Math.imul(b, 31));
      counter = 1;
      for (let round = 0; round < 8; round += 1) next();
    },
    unit,
    int: (n) => Math.floor(unit() * n),
    chance: (probability) => unit() < probability,
    pick(items) {
      const item = items[Math.floor(unit() * items.length)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
    logNormal(median, sigma) {
      const angle = Math.cos(2 * Math.PI * unit());
      return median * Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - unit())) * angle);
    },
    zipf: (n, flat) => Math.min(n - 1, Math.floor(flat * (((n + flat) / flat) ** unit() - 1))),
    hex8: () => next().toString(16).padStart(8, '0'),
  };
  draw.reseed(seed, 0);
  return draw;
}

/** The finaliser of MurmurHash3: every bit of the input moves every bit of the output. */
function mix(value: number): number {
  let h = (value | 0) + 0x6d2b_79f5;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}
