import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compilePlan } from './compile-plan.ts';
import { EventsError } from './errors.ts';
import type { EventPlan, EventReader, Schemas } from './event-plan.ts';
import { eventReader } from './event-reader.ts';
import { parseEventSchema, typeOfSchema } from './event-schema.ts';
import type { EventSchema } from './event-schema.ts';
import { jsonFields } from './json-fields.ts';
import { fingerprintText, schemaFingerprint } from './fingerprint.ts';
import { readReleased } from './released.ts';
import { storedReader } from './stored-reader.ts';
import type { StoredReader } from './stored-reader.ts';
import { vocabulary as ownVocabulary } from './vocabulary.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The repository's `schemas/`. */
export const schemasDirectory = fileURLToPath(new URL('../../schemas/', import.meta.url));

export interface SchemaPlaces {
  /** Folder of the .avsc files; the repository's `schemas/` unless told. */
  readonly directory?: string;
  readonly vocabulary?: Vocabulary;
}

/** One type with everything that was compiled for it. */
interface Compiled {
  readonly plan: EventPlan;
  readonly schema: EventSchema;
  readonly stored: StoredReader;
}

/**
 * Compiles every type of the vocabulary, once at start.
 *
 * @throws EventsError `bad_schema` naming the file, also for a type without a file and a file
 * without a line of vocabulary.
 */
export async function loadSchemas(places: SchemaPlaces = {}): Promise<Schemas> {
  const directory = places.directory ?? schemasDirectory;
  const vocabulary: Vocabulary = places.vocabulary ?? ownVocabulary;
  const schemas = await readSchemas(directory, vocabulary);
  const compiled = new Map<string, Compiled>();
  const writers = new Map<string, { readonly type: string; readonly avro: object }>();
  for (const schema of schemas) {
    const shape = vocabulary[schema.type];
    if (shape === undefined) continue;
    const released = await readReleased(directory, schema.type);
    compiled.set(schema.type, {
      plan: compilePlan(schema, shape),
      schema,
      stored: storedReader(
        schema,
        released.map((version) => version.schema),
      ),
    });
    for (const { avro } of [schema, ...released.map((version) => version.schema)]) {
      writers.set(fingerprintText(schemaFingerprint(avro)), { type: schema.type, avro });
    }
  }
  return schemasOf(compiled, writers);
}

/** @throws EventsError `bad_schema` unless folder and vocabulary name the same types */
export async function readSchemas(
  directory: string,
  vocabulary: Vocabulary,
): Promise<EventSchema[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.avsc')).sort();
  const schemas = await Promise.all(files.map((file) => readSchema(directory, file)));
  for (const { type } of schemas) {
    if (vocabulary[type] === undefined) {
      throw bad(`schemas/${type}.avsc has no line in the vocabulary; add one`);
    }
  }
  for (const type of Object.keys(vocabulary)) {
    if (!schemas.some((schema) => schema.type === type)) {
      throw bad(`the vocabulary names ${type}, but there is no schemas/${type}.avsc`);
    }
  }
  return schemas;
}

async function readSchema(directory: string, file: string): Promise<EventSchema> {
  const text = await readFile(join(directory, file), 'utf8');
  const schema = parseEventSchema(parseJson(text, `schemas/${file}`), `schemas/${file}`);
  if (`${schema.type}.avsc` !== file) {
    throw bad(`schemas/${file} holds the type ${schema.type}; name the file after it`);
  }
  return schema;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EventsError('bad_schema', `${what} is not JSON`, { cause });
  }
}

function schemasOf(
  compiled: ReadonlyMap<string, Compiled>,
  writers: ReadonlyMap<string, { readonly type: string; readonly avro: object }>,
): Schemas {
  const types = [...compiled.values()].map(({ plan }) => plan);
  const byText = new Map<string, EventReader>();
  const byFingerprint = new Map<string, EventReader>();

  const get = (type: string): Compiled => {
    const found = compiled.get(type);
    if (found === undefined) throw unknownType(type);
    return found;
  };
  const build = (type: string, writer: object): EventReader => {
    const { plan, schema } = get(type);
    return eventReader(plan, schema, writer);
  };
  const json = new Map(
    [...compiled].map(([type, { schema }]) => [type, jsonFields(schema)] as const),
  );
  return {
    types: () => types,
    plan: (type) => get(type).plan,
    find: (type) => compiled.get(type)?.plan,
    readerFor(writerSchema) {
      const text = typeof writerSchema === 'string' ? writerSchema : JSON.stringify(writerSchema);
      const known = byText.get(text);
      if (known !== undefined) return known;
      const writer = parseJson(text, "the writer's schema");
      const reader = build(typeOfWriter(writer), writer as object);
      byText.set(text, reader);
      return reader;
    },
    readerByFingerprint(fingerprint) {
      const key = fingerprintText(fingerprint);
      const known = byFingerprint.get(key);
      const writer = writers.get(key);
      if (known !== undefined || writer === undefined) return known;
      const reader = build(writer.type, writer.avro);
      byFingerprint.set(key, reader);
      return reader;
    },
    jsonFields: (type) => json.get(type),
    decodeFacts: (type, fingerprint, data) => get(type).stored.facts(fingerprint, data),
    decodeBox: (type, fingerprint, party, category, plaintext) =>
      get(type).stored.box(fingerprint, party, category, plaintext),
  };
}

function typeOfWriter(writer: unknown): string {
  const type = typeOfSchema(writer);
  if (type !== undefined) return type;
  throw new EventsError(
    'unknown_type',
    'the writer\'s schema is no record named "tollbook.<event type>"; name it as schemas/ does',
  );
}

function unknownType(type: string): EventsError {
  const named = /^[a-z_.]{1,60}$/.test(type) ? `"${type}" is no event type` : 'no such event type';
  return new EventsError(
    'unknown_type',
    `${named} of this tollbook; see schemas/ for those it knows`,
  );
}

function bad(message: string): EventsError {
  return new EventsError('bad_schema', message);
}
