/**
 * What stands in a number field and names no person. Emergency codes are per country; a country
 * that is not listed has the two every GSM network knows (3GPP TS 22.101 section 10).
 */
const EMERGENCY_ANYWHERE = ['112', '911'];

const EMERGENCY: Readonly<Record<string, readonly string[]>> = {
  AT: ['122', '133', '144', '140'],
  AU: ['000', '106'],
  BE: ['100', '101'],
  BR: ['190', '192', '193'],
  CH: ['117', '118', '144', '1414'],
  CN: ['110', '119', '120'],
  DE: ['110'],
  ES: ['061', '080', '085', '091', '092'],
  FR: ['15', '17', '18', '114', '115', '116', '119'],
  GB: ['999', '101', '111'],
  GR: ['100', '166', '199'],
  HK: ['999', '992'],
  IE: ['999'],
  IL: ['100', '101', '102'],
  IN: ['100', '101', '102', '108', '1091'],
  IT: ['113', '115', '118'],
  JP: ['110', '118', '119'],
  KR: ['112', '119'],
  MX: ['066', '065'],
  NZ: ['111'],
  PL: ['997', '998', '999'],
  RU: ['101', '102', '103', '104'],
  SG: ['995', '999'],
  TR: ['110', '155', '156'],
  UA: ['101', '102', '103', '104'],
  ZA: ['10111', '10177'],
};

export function isEmergency(digits: string, country: string | undefined): boolean {
  if (EMERGENCY_ANYWHERE.includes(digits)) return true;
  return country !== undefined && (EMERGENCY[country]?.includes(digits) ?? false);
}

const WITHHELD = new Set([
  '',
  'anonymous',
  'anonymous.invalid',
  'withheld',
  'restricted',
  'private',
  'private number',
  'blocked',
  'unknown',
  'unavailable',
  'not available',
  'no caller id',
  'id unavailable',
  'none',
  'null',
  'asterisk',
  // What one large platform sends for ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE:
  // the words on a keypad, in the shape of numbers.
  '+266696687',
  '+7378742833',
  '+2562533',
  '+8656696',
  '+86282452253',
]);

/** True where the caller's number is known to be hidden or absent. */
export function isWithheld(trimmed: string): boolean {
  return WITHHELD.has(trimmed.toLowerCase());
}

/** An alphanumeric sender of a message (3GPP TS 23.040 section 9.1.2.5: at most 11 characters). */
export function isAlphanumericSender(trimmed: string): boolean {
  return trimmed.length <= 11 && /[A-Za-z]/.test(trimmed) && /^[A-Za-z0-9 ._&+'!-]+$/.test(trimmed);
}
