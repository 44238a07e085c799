const KNOWN_MAX = 50_000;
const known = new Map<string, string>();

/**
 * The same string object for equal strings: accounts, sources, legs and prefixes come anew with every
 * event, and a state in memory would keep each.
 */
export function intern(text: string): string {
  const found = known.get(text);
  if (found !== undefined) return found;
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(text, text);
  return text;
}
