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
  let digits = 0;
  for (let index = 0; index < id.length; index += 1) {
    const unit = id.charCodeAt(index);
    if (unit >= 48 && unit <= 57) {
      digits += 1;
      if (digits >= NUMBER_DIGITS_MIN) return true;
    } else if (unit === AT || unit === SLASH || unit === PLUS || unit > 126) {
      return true;
    } else if (!isSeparator(unit)) {
      digits = 0;
    }
  }
  return false;
}

const AT = 64;
const SLASH = 47;
const PLUS = 43;

/** What people write between the digits of a number: space, brackets, dash, dot. */
function isSeparator(unit: number): boolean {
  return unit === 32 || unit === 40 || unit === 41 || unit === 45 || unit === 46;
}

/** RFC 9562 text form with a version of 1 to 8 and the standard variant; anything else is no UUID. */
export function isUuid(text: string): boolean {
  if (text.length !== 36) return false;
  for (let index = 0; index < 36; index += 1) {
    const unit = text.charCodeAt(index);
    const isDash = index === 8 || index === 13 || index === 18 || index === 23;
    if (isDash ? unit !== 45 : !isHex(unit)) return false;
  }
  const version = text.charCodeAt(14);
  const variant = text.charCodeAt(19) | 32;
  return (
    version >= 49 &&
    version <= 56 &&
    (variant === 56 || variant === 57 || variant === 97 || variant === 98)
  );
}

function isHex(unit: number): boolean {
  return (unit >= 48 && unit <= 57) || ((unit | 32) >= 97 && (unit | 32) <= 102);
}

const FACT_NUMBER =
  /\d{7}|\+\s?\d(?:[\s().-]?\d){6}|\(?\d{2,5}\)?[\s.-]\d{3,4}[\s.-]?\d{3,4}|@|\bsips?:|\btel:/i;
const DATE_OR_TIME = /\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?/g;

/** Whether a clear text fact reads like a number or address that its schema did not tag. */
export function readsLikeNumber(text: string): boolean {
  if (text.length < NUMBER_DIGITS_MIN && !text.includes('@')) return false;
  if (isUuid(text)) return false;
  return FACT_NUMBER.test(text.replace(DATE_OR_TIME, '').replace(UUID_WITHIN, ''));
}
