import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { avroSchema } from './stored-schema.ts';
import { compilePlan } from './compile-plan.ts';
import { EventsError } from './errors.ts';
import { eventReader } from './event-reader.ts';
import type { EventSchema, SchemaField } from './event-schema.ts';
import { fingerprintText, schemaFingerprint } from './fingerprint.ts';
import { readSchemas, schemasDirectory } from './load-schemas.ts';
import type { SchemaPlaces } from './load-schemas.ts';
import { looksPersonal } from './looks-personal.ts';
import { recordDecoder } from './record-decoder.ts';
import { readReleased, releasedFile } from './released.ts';
import type { ReleasedVersion } from './released.ts';
import { storedSchema } from './stored-schema.ts';
import { vocabulary as ownVocabulary } from './vocabulary.ts';
import type { EventShape, Vocabulary } from './vocabulary.ts';

export interface SchemaCheck {
  readonly types: number;
  readonly versions: number;
  /** One sentence each; empty when all is well. */
  readonly problems: readonly string[];
}

/**
 * Everything a build must refuse: schemas that are not well-formed or not in the vocabulary, fields
 * that look personal and have no tag, changes that would leave released records unreadable or show
 * what was sealed, and a schema that differs from what was last released.
 */
export async function checkSchemas(places: SchemaPlaces = {}): Promise<SchemaCheck> {
  const directory = places.directory ?? schemasDirectory;
  const vocabulary: Vocabulary = places.vocabulary ?? ownVocabulary;
  const problems: string[] = [];
  let versions = 0;
  let schemas: readonly EventSchema[] = [];
  try {
    schemas = await readSchemas(directory, vocabulary);
  } catch (error) {
    problems.push(messageOf(error));
  }
  for (const schema of schemas) {
    const shape = vocabulary[schema.type];
    if (shape === undefined) continue;
    problems.push(...fieldProblems(schema));
    try {
      const released = await readReleased(directory, schema.type);
      versions += released.length;
      for (const version of released) problems.push(...versionProblems(schema, version, shape));
      if (!isReleased(schema, released)) problems.push(unreleased(schema.type, released.length));
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return { types: schemas.length, versions, problems };
}

/**
 * Adds a version for every type that differs from its newest released one. From then on it is never
 * taken back: there may be records of it.
 *
 * @returns the types that got a version
 * @throws EventsError `bad_schema` when anything but the lack of a release is wrong
 */
export async function releaseSchemas(places: SchemaPlaces = {}): Promise<readonly string[]> {
  const directory = places.directory ?? schemasDirectory;
  const vocabulary: Vocabulary = places.vocabulary ?? ownVocabulary;
  const { problems } = await checkSchemas(places);
  const others = problems.filter((problem) => !problem.endsWith(releaseHint));
  if (others.length > 0) throw new EventsError('bad_schema', others.join('\n'));
  const done: string[] = [];
  for (const schema of await readSchemas(directory, vocabulary)) {
    const released = await readReleased(directory, schema.type);
    if (isReleased(schema, released)) continue;
    const file = releasedFile(directory, schema.type);
    await mkdir(dirname(file), { recursive: true });
    await appendFile(file, `${JSON.stringify(versionOf(schema, released.length + 1))}\n`);
    done.push(schema.type);
  }
  return done;
}

const releaseHint = 'run: node services/events/check.ts --release';

function fieldProblems(schema: EventSchema): string[] {
  const problems: string[] = [];
  for (const field of schema.fields) {
    const where = `schemas/${schema.type}.avsc, field ${field.name}:`;
    const why = looksPersonal(field);
    if (why !== undefined) {
      problems.push(
        `${where} looks personal (${why}) and has no tag; tag it with tollbook.party and ` +
          "tollbook.category, or say in tollbook.fact why it is nobody's",
      );
    }
    if (field.sample === undefined && isText(field.type)) {
      problems.push(`${where} holds text and has no tollbook.sample to judge it by`);
    }
    if (field.doc === '') problems.push(`${where} has no doc`);
    if (field.sample !== undefined && field.values?.includes(field.sample) === false) {
      problems.push(`${where} has a sample outside its tollbook.values`);
    }
  }
  return problems;
}

const isText = (type: unknown): boolean =>
  type === 'string' || (Array.isArray(type) && type.some(isText));

/** What stands between the schema as it is now and records of an earlier version. */
function versionProblems(
  schema: EventSchema,
  { version, writer, stored, schema: old }: ReleasedVersion,
  shape: EventShape,
): string[] {
  const where = `schemas/${schema.type}.avsc against released version ${version}:`;
  const problems: string[] = [];
  const form = storedSchema(old);
  if (
    fingerprintText(form.fingerprint) !== stored ||
    fingerprintText(schemaFingerprint(old.avro)) !== writer
  ) {
    problems.push(
      `${where} its schema no longer gives the fingerprints it was released with; restore the file, ` +
        'or the code that derives the stored form',
    );
  }
  for (const field of old.fields) problems.push(...fieldChange(schema, field, where));
  const now = storedSchema(schema);
  const attempts = [
    () => eventReader(compilePlan(schema, shape), schema, old.avro),
    () => recordDecoder(avroSchema(form.facts), now.facts, new Set()),
    ...now.boxes.map((box) => () => {
      const was = form.boxes.find(
        ({ party, category }) => party === box.party && category === box.category,
      );
      if (was !== undefined) recordDecoder(avroSchema(was.record), box.record, new Set());
    }),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      problems.push(`${where} ${messageOf(error)}`);
    }
  }
  return problems;
}

function fieldChange(schema: EventSchema, old: SchemaField, where: string): string[] {
  const now = schema.fields.find(
    ({ name, aliases }) => name === old.name || aliases.includes(old.name),
  );
  if (now === undefined) {
    return [
      `${where} the field ${old.name} is gone, and history with it; keep it, or name it among the ` +
        'aliases of the field that takes its place',
    ];
  }
  const same =
    old.owner?.party === now.owner?.party &&
    old.owner?.category === now.owner?.category &&
    old.id === now.id;
  return same
    ? []
    : [
        `${where} the field ${old.name} changed whose it is; what was stored stays where it was ` +
          'sealed, so give the new meaning a new name',
      ];
}

interface VersionLine {
  readonly version: number;
  readonly writer: string;
  readonly stored: string;
  readonly schema: object;
}

function versionOf(schema: EventSchema, version: number): VersionLine {
  return {
    version,
    writer: fingerprintText(schemaFingerprint(schema.avro)),
    stored: fingerprintText(storedSchema(schema).fingerprint),
    schema: withoutDocs(schema.avro),
  };
}

function isReleased(schema: EventSchema, released: readonly ReleasedVersion[]): boolean {
  const newest = released.at(-1);
  if (newest === undefined) return false;
  const now = versionOf(schema, newest.version);
  const then = versionOf(newest.schema, newest.version);
  return JSON.stringify(now) === JSON.stringify(then);
}

/** Docs and samples may be bettered without a new version. */
function withoutDocs(avro: object): object {
  const unimportant = new Set(['doc', 'tollbook.sample', 'tollbook.fact']);
  return JSON.parse(
    JSON.stringify(avro, (key, value: unknown) => (unimportant.has(key) ? undefined : value)),
  );
}

function unreleased(type: string, count: number): string {
  const what = count === 0 ? 'was never released' : `differs from released version ${count}`;
  return `schemas/${type}.avsc ${what}, so records written by it could not be read later; ${releaseHint}`;
}

function messageOf(error: unknown): string {
  if (error instanceof EventsError) return error.message;
  throw error;
}
