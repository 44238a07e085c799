/**
 * Telephone numbers that belong to nobody: ranges that regulators keep free for drama and examples
 * (Ofcom, ARCEP, ACMA, ComReg, and the 555-01xx lines of North America).
 */
interface Range {
  readonly country: string;
  /** E.164 without the digits that count up. */
  readonly stem: string;
  readonly digits: number;
}

const range = (country: string, digits: number, stems: readonly string[]): Range[] =>
  stems.map((stem) => ({ country, stem, digits }));

/** Local ranges first: accounts draw the numbers they own from the head of the list. */
const ranges: readonly Range[] = [
  ...range('GB', 3, [
    ...['+447700900', '+441632960', '+442079460', '+441134960', '+441144960', '+441154960'],
    ...['+441164960', '+441174960', '+441184960', '+441214960', '+441314960', '+441414960'],
    ...['+441514960', '+441614960', '+441914980', '+442920180'],
  ]),
  ...range(
    'US',
    2,
    (
      '202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 ' +
      '240 248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310'
    )
      .split(' ')
      .map((area) => `+1${area}55501`),
  ),
  ...range('FR', 4, ['+3319900', '+3326191', '+3335301', '+3346571', '+3353649', '+3363998']),
  ...range('AU', 4, [
    ...['+6125550', '+6127010', '+6135550', '+6137010'],
    ...['+6175550', '+6177010', '+6185550', '+6187010'],
  ]),
  ...range('IE', 5, ['+3532091']),
  // The rest of the 555 exchange, which no subscriber has: only for populations of a million.
  ...range(
    'US',
    4,
    Array.from({ length: 110 }, (_, at) => 401 + at)
      .filter((area) => area % 100 !== 11)
      .map((area) => `+1${area}555`),
  ),
];

/** Where each range begins; one place more for the end of the last. */
const starts: readonly number[] = sums(ranges.map(({ digits }) => 10 ** digits));

function sums(sizes: readonly number[]): number[] {
  let sum = 0;
  return [0, ...sizes.map((size) => (sum += size))];
}

/** How many numbers there are. */
export const numbersAvailable: number = starts.at(-1) ?? 0;

/** A number with what ingest will compute from it. */
export interface PhoneNumber {
  readonly e164: string;
  readonly country: string;
  /** Leading digits, the last four dropped, at most eight. */
  readonly prefix: string;
}

/** The number at a place, 0 to `numbersAvailable`. */
export function numberAt(index: number): PhoneNumber {
  let low = 0;
  let high = ranges.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  const found = ranges[low];
  if (found === undefined) throw new RangeError('there is no such number');
  const line = String(index - (starts[low] ?? 0)).padStart(found.digits, '0');
  const e164 = found.stem + line;
  return { e164, country: found.country, prefix: prefixOf(e164) };
}

function prefixOf(e164: string): string {
  return e164.slice(1, Math.min(9, e164.length - 4));
}
