import type { Draw } from './draw.ts';

/** A message text and how many segments a network charges for it. */
export interface Text {
  readonly text: string;
  readonly segments: number;
  readonly encoding: 'gsm7' | 'ucs2';
}

const openings = ['Hi', 'Hello', 'Dear customer', 'Reminder', 'Thanks', 'Good news', 'Sorry'];
const bodies = [
  'your parcel is on its way',
  'the meeting moves to the large room',
  'please call back when you have a minute',
  'your table is booked for this evening',
  'the invoice of last month is ready',
  'we are running ten minutes late',
  'the lift is out of order until noon',
  'see you at the station',
];
const endings = ['', '.', '!', ' - reply STOP to end', ' (no reply needed)', ', and thanks again.'];
/** Costs two septets in GSM-7. */
const extended = ' [ref {A-Z}]';
/** Outside GSM-7: makes the message UCS-2. */
const wide = [' 🙂', ' ✓', ' – 好的'];

const texts: readonly Text[] = compose();

export function textOf(draw: Draw): Text {
  return draw.pick(texts);
}

/** About one text in seven is UCS-2, one in five has several segments. */
function compose(): Text[] {
  const all: Text[] = [];
  for (const [at, opening] of openings.entries()) {
    for (const [place, body] of bodies.entries()) {
      const ending = endings[(at + place) % endings.length] ?? '';
      const repeats = (at * 3 + place) % 5 === 0 ? 1 + ((at + place) % 5) : 1;
      const long = Array.from({ length: repeats }, () => body).join('; ');
      const plain = `${opening}, ${long}${ending}`;
      const kind = (at * bodies.length + place) % 7;
      if (kind === 3) all.push(ucs2(plain + (wide[place % wide.length] ?? '')));
      else all.push(gsm7(kind === 5 ? plain + extended : plain));
    }
  }
  return all;
}

/** 3GPP TS 23.038: 160 septets, or 153 a part; brackets and braces take two. */
function gsm7(text: string): Text {
  let septets = 0;
  let partSeptets = 0;
  let parts = 1;
  for (const character of text) {
    const width = '[]{}~|^\\€'.includes(character) ? 2 : 1;
    septets += width;
    if (partSeptets + width > 153) {
      parts += 1;
      partSeptets = 0;
    }
    partSeptets += width;
  }
  return { text, segments: septets <= 160 ? 1 : parts, encoding: 'gsm7' };
}

/** 70 UTF-16 units, or 67 a part; a surrogate pair is never split. */
function ucs2(text: string): Text {
  let partUnits = 0;
  let parts = 1;
  for (const character of text) {
    if (partUnits + character.length > 67) {
      parts += 1;
      partUnits = 0;
    }
    partUnits += character.length;
  }
  return { text, segments: text.length <= 70 ? 1 : parts, encoding: 'ucs2' };
}
