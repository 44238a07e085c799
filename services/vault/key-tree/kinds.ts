/** What an entry is a key of. 0 is what a destroyed entry leaves in its place. */
export const KINDS = {
  destroyed: 0,
  slot: 1,
  epoch: 2,
  account: 3,
  content: 4,
  directory: 5,
  id: 6,
  quarantine: 7,
  access: 8,
  marks: 9,
  hold: 10,
} as const;

export type Kind = Exclude<keyof typeof KINDS, 'destroyed'>;

const NAMES = new Map(Object.entries(KINDS).map(([name, number]) => [number, name]));

/** The name of a kind's number; undefined for a number nobody wrote. */
export function kindOf(number: number | undefined): Kind | 'destroyed' | undefined {
  const name = number === undefined ? undefined : NAMES.get(number as never);
  return name === undefined ? undefined : (name as Kind | 'destroyed');
}
