/** Digits of the shortest national number that is treated as one. */
const NUMBER_DIGITS_MIN = 7;

/**
 * Whether a native id could carry a telephone number, an address or a host (a SIP Call-ID, a channel
 * name, a file path): such an id is hashed under the month's id key, so that nobody can later try
 * numbers against it. UUIDs and short plain tokens cannot.
 */
export function mayNameSomeone(id: string): boolean {
  if (isUuid(id)) return false;
  return id.length > 36 ? hasNumberOrHost(id.replace(UUID_WITHIN, '')) : hasNumberOrHost(id);
}

/** UUIDs with a label before or behind, as in `rec-<uuid>`. */
const UUID_WITHIN =
  /(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9a-f])/gi;

function hasNumberOrHost(id: string): boolean {
  for (let index = 0; index < id.length; index += 1) {
    const unit = id.charCodeAt(index);
    if (unit === AT || unit === SLASH || unit === PLUS || unit > 126) return true;
  }
  return hasDigitRun(id);
}

const AT = 64;
const SLASH = 47;
const PLUS = 43;

/** Whether there are as many digits as a number has, with nothing but separators between them. */
function hasDigitRun(text: string): boolean {
  let digits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 48 && unit <= 57) {
      digits += 1;
      if (digits >= NUMBER_DIGITS_MIN) return true;
    } else if (!SEPARATORS.includes(text.charAt(index))) {
      digits = 0;
    }
  }
  return false;
}

/** What people and switches write between the digits of a number. */
const SEPARATORS = ' ()-._:/,;\u00a0\u2010\u2011\u2012\u2013';

/** RFC 9562 text form with a version of 1 to 8 and the standard variant; anything else is no UUID. */
export function isUuid(text: string): boolean {
  if (text.length !== 36) return false;
  for (let index = 0; index < 36; index += 1) {
    // A unit beyond the table is no hex digit and no dash, like any other that it does not list.
    if (UUID_UNITS[text.charCodeAt(index)] !== UUID_SHAPE[index]) return false;
  }
  const version = text.charCodeAt(14);
  const variant = text.charCodeAt(19) | 32;
  return (
    version >= 49 &&
    version <= 56 &&
    (variant === 56 || variant === 57 || variant === 97 || variant === 98)
  );
}

const HEX = 1;
const DASH = 2;
/** What each unit is in a UUID, and what stands at each place of one. */
const UUID_UNITS = new Uint8Array(128);
for (const digit of '0123456789abcdefABCDEF') UUID_UNITS[digit.charCodeAt(0)] = HEX;
UUID_UNITS['-'.charCodeAt(0)] = DASH;
const UUID_SHAPE = Uint8Array.from('xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx', (place) =>
  place === '-' ? DASH : HEX,
);

const ADDRESS = /@|\bsips?:|\btel:/i;
/** A day from 1900 on, with or without a time (RFC 3339), that no further digit touches. */
const DATE_OR_TIME =
  /(?<!\d[\s()._:/,-]?)(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\s()._:/,-]?\d)/g;
/** `<codec>/<clock rate>/<channels>` as in RFC 4566's rtpmap. */
const CODEC = /^[A-Z][A-Z0-9-]{1,15}\/\d{4,6}(?:\/\d)?$/i;

/** Whether a clear text fact reads like a number or address that its schema did not tag. */
export function readsLikeNumber(text: string): boolean {
  if (isUuid(text) || CODEC.test(text)) return false;
  // Digits of other scripts, and wide ones, are digits to whoever dials them.
  const plain = text.normalize('NFKC').replace(/\p{Nd}/gu, (digit) => (digit <= '9' ? digit : '0'));
  if (ADDRESS.test(plain)) return true;
  return hasDigitRun(plain.replace(DATE_OR_TIME, '').replace(UUID_WITHIN, ''));
}
