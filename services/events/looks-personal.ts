import type { SchemaField } from './event-schema.ts';

/** Words of a field name that speak of a person, a device of theirs, or what they said. */
const personalWords = new Set(
  (
    'number numbers msisdn phone telephone mobile tel fax dialled dialed digits extension ' +
    'name names email mail address ip uri url host hostname path file filename ref ' +
    'text body content subject transcript caption caller callee called calling ' +
    'sender recipient forwarder transferor transferee member mailbox contact holder user ' +
    'agent actor person owner customer subscriber imsi imei iccid location latitude longitude ' +
    'cell birth birthday gender ssn passport cookie device'
  ).split(' '),
);

const personalTexts: readonly (readonly [RegExp, string])[] = [
  [/\+?\d(?:[ ().-]{0,2}\d){6,}/, 'a telephone number'],
  [/[^\s@"'<>]+@[^\s@"'<>]+\.[a-z]{2,}/i, 'a mail or SIP address'],
  [/\bsips?:/i, 'a SIP address'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/, 'an IP address'],
  [/\b(?:[0-9a-f]{0,4}:){3,}[0-9a-f]{0,4}/i, 'an IP address'],
];

/**
 * Why an untagged field looks as if it were somebody's, by its name, its sample or an example in its
 * doc; undefined when it does not, or when `tollbook.fact` says why it is a fact all the same.
 */
export function looksPersonal(field: SchemaField): string | undefined {
  if (field.owner !== undefined || field.factBecause !== undefined) return undefined;
  const word = field.computed === undefined ? wordsOf(field.name).find(isPersonal) : undefined;
  if (word !== undefined) return `its name has "${word}" in it`;
  for (const text of [field.id === undefined ? field.sample : undefined, field.doc]) {
    if (text === undefined) continue;
    const found = personalTexts.find(([pattern]) => pattern.test(text));
    if (found !== undefined)
      return `its ${text === field.doc ? 'doc' : 'sample'} has ${found[1]} in it`;
  }
  return undefined;
}

const isPersonal = (word: string): boolean => personalWords.has(word);

/** `calleeUserAgent` → callee, user, agent. */
function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[ _]+/);
}
