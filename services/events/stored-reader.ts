import type { Category } from '#vault';
import { boxBlock } from './compile-plan.ts';
import { Cursor, Malformed } from './cursor.ts';
import { EventsError } from './errors.ts';
import type { EventValues, StoredFacts } from './event-plan.ts';
import type { EventSchema } from './event-schema.ts';
import { fingerprintText } from './fingerprint.ts';
import { absentHeader } from './header.ts';
import { recordDecoder } from './record-decoder.ts';
import type { RecordDecoder } from './record-decoder.ts';
import { avroSchema, storedSchema } from './stored-schema.ts';
import type { BoxSchema, StoredSchema } from './stored-schema.ts';

/** Reads the stored events of one type, whichever version wrote them. */
export interface StoredReader {
  facts(fingerprint: Uint8Array, data: Uint8Array): StoredFacts;
  box(
    fingerprint: Uint8Array,
    party: string,
    category: Category,
    plaintext: Uint8Array,
  ): EventValues;
}

interface Version {
  readonly stored: StoredSchema;
  readonly facts: () => RecordDecoder;
  readonly box: (party: string, category: Category) => RecordDecoder | undefined;
}

const cursor = new Cursor();
const noLabels: ReadonlySet<string> = new Set();

/** Of the facts, these differ from event to event, so keeping their text would gain nothing. */
const isLabel = (name: string) => name !== 'eventId' && name !== 'communicationId';

/** @param released every version of the type that was ever released, in any order */
export function storedReader(current: EventSchema, released: readonly EventSchema[]): StoredReader {
  const newest = storedSchema(current);
  const labels = new Set(newest.facts.fields.map(({ name }) => name).filter(isLabel));
  const versions = new Map<string, Version>();
  for (const schema of [current, ...released]) {
    const stored = schema === current ? newest : storedSchema(schema);
    const key = stored.fingerprint.toString('latin1');
    if (!versions.has(key)) versions.set(key, version(stored, newest, labels));
  }
  const complete = current.fields.some(({ name }) => name === 'communicationId');
  const newestKey = newest.fingerprint;
  const newestFacts = version(newest, newest, labels).facts();

  const find = (fingerprint: Uint8Array): Version => {
    const found = versions.get(Buffer.from(fingerprint).toString('latin1'));
    if (found === undefined) throw unknownVersion(current.type, fingerprint);
    return found;
  };
  return {
    facts(fingerprint, data) {
      const decode = same(fingerprint, newestKey) ? newestFacts : find(fingerprint).facts();
      const facts = whole(decode, data, current.type);
      // The common header was checked when the schema was compiled.
      return (complete ? facts : { ...absentHeader, ...facts }) as StoredFacts;
    },
    box(fingerprint, party, category, plaintext) {
      const decode = find(fingerprint).box(party, category);
      if (decode === undefined) throw corrupt(current.type, 'has a box that its schema does not');
      const values = padded(decode, plaintext, current.type);
      return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
    },
  };
}

function version(stored: StoredSchema, newest: StoredSchema, labels: ReadonlySet<string>): Version {
  const boxes = new Map<string, RecordDecoder>();
  return {
    stored,
    facts: once(() => recordDecoder(avroSchema(stored.facts), newest.facts, labels)),
    box(party, category) {
      const key = `${party} ${category}`;
      const known = boxes.get(key);
      if (known !== undefined) return known;
      const isIt = (box: BoxSchema) => box.party === party && box.category === category;
      const written = stored.boxes.find(isIt);
      if (written === undefined) return undefined;
      const wanted = newest.boxes.find(isIt) ?? written;
      const decoder = recordDecoder(avroSchema(written.record), wanted.record, noLabels);
      boxes.set(key, decoder);
      return decoder;
    },
  };
}

function whole(decode: RecordDecoder, data: Uint8Array, type: string): EventValues {
  cursor.start(data, 0);
  try {
    const values = decode(cursor);
    cursor.finish();
    return values;
  } catch (cause) {
    throw damaged(type, cause);
  }
}

function padded(decode: RecordDecoder, plaintext: Uint8Array, type: string): EventValues {
  cursor.start(plaintext, 0);
  try {
    const values = decode(cursor);
    const { buffer, at } = cursor;
    if (at > buffer.length || buffer.length - at >= boxBlock) cursor.finish();
    if (buffer.subarray(at).some((byte) => byte !== 0)) cursor.finish();
    return values;
  } catch (cause) {
    throw damaged(type, cause);
  }
}

function damaged(type: string, cause: unknown): unknown {
  return cause instanceof Malformed ? corrupt(type, `holds ${cause.message}`, cause) : cause;
}

function corrupt(type: string, how: string, cause?: unknown): EventsError {
  return new EventsError(
    'corrupt_event',
    `a stored ${type} ${how}; check the store that it was read from against a backup`,
    { cause },
  );
}

function unknownVersion(type: string, fingerprint: Uint8Array): EventsError {
  return new EventsError(
    'unknown_schema',
    `a stored ${type} was written by schema ${fingerprintText(fingerprint)}, which is not among ` +
      'those released; run the tollbook version that wrote it, or a newer one',
  );
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 8; i++) if (a[i] !== b[i]) return false;
  return a.length === 8;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
