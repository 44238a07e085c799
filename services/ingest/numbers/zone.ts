/** EU member states and the three EEA states, ISO 3166-1 alpha-2. */
const EEA = new Set(
  'AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO'.split(
    ' ',
  ),
);

/**
 * The tariff zone of a destination seen from the source's country. Between EEA states intra-EU
 * calls have a zone of their own (Regulation (EU) 2015/2120, article 5a).
 */
export function zoneOf(country: string | null, home: string | undefined): string | null {
  if (country === null) return null;
  if (country === home) return 'national';
  if (home !== undefined && EEA.has(home) && EEA.has(country)) return 'eea';
  return 'international';
}
