import type { Category } from '#vault';
import { isNullable } from './event-schema.ts';
import type { EventSchema, SchemaField } from './event-schema.ts';
import { schemaFingerprint } from './fingerprint.ts';
import { categories, parties } from './vocabulary.ts';
import type { Party } from './vocabulary.ts';

/** A record as avsc and our own codec take it. */
export interface RecordSchema {
  readonly type: 'record';
  readonly name: string;
  readonly fields: readonly RecordField[];
}

export interface RecordField {
  readonly name: string;
  readonly type: unknown;
  readonly default?: unknown;
  readonly aliases?: readonly string[];
  /** What a writer says of it does not count: read as null. */
  readonly ignored?: true;
}

export interface BoxSchema {
  readonly party: Party;
  readonly category: Category;
  readonly fields: readonly SchemaField[];
  readonly record: RecordSchema;
}

/** What the journal keeps of a type: clear facts, and one record for each box. */
export interface StoredSchema {
  readonly facts: RecordSchema;
  readonly boxes: readonly BoxSchema[];
  readonly fingerprint: Buffer;
}

/** A 16-byte id; `logicalType` makes avsc give it as hex like our own codec. */
export const idType = { type: 'fixed', name: 'tollbook.Id', size: 16, logicalType: 'tollbook-id' };

const optionalId = ['null', idType];

/**
 * The stored form of an event type. It depends on nothing but the .avsc, so that every released
 * version gives the schema its events were written in; the released fingerprints hold it to that.
 */
export function storedSchema(schema: EventSchema): StoredSchema {
  const base = `tollbook.stored.${schema.type}`;
  const facts: RecordSchema = {
    type: 'record',
    name: `${base}.facts`,
    fields: schema.fields.flatMap(storedField),
  };
  const boxes = boxSchemas(schema, base);
  const whole = {
    type: 'record',
    name: base,
    fields: [
      { name: 'facts', type: facts },
      ...boxes.map((box) => ({ name: boxName(box), type: box.record })),
    ],
  };
  return { facts, boxes, fingerprint: schemaFingerprint(defineOnce(whole)) };
}

/** The header in stored form, facts as they are, party fields not at all. */
function storedField(field: SchemaField): readonly RecordField[] {
  switch (field.name) {
    case 'eventId':
      return [{ name: 'eventId', type: idType }];
    case 'communicationId':
      return [
        { name: 'communicationId', type: idType },
        { name: 'alsoCommunicationId', type: optionalId, default: null },
      ];
    case 'source':
      return [
        { name: 'source', type: 'string' },
        { name: 'switch', type: ['null', 'string'], default: null },
      ];
    case 'accountId':
      return [{ name: 'accountId', type: 'string' }];
    case 'retentionClass':
      return [];
    default:
      return field.owner === undefined ? [recordField(field, field.id !== undefined)] : [];
  }
}

function recordField(field: SchemaField, isId: boolean): RecordField {
  const idForm = isNullable(field.type) ? optionalId : idType;
  return {
    name: field.name,
    type: isId ? idForm : field.type,
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.aliases.length === 0 ? {} : { aliases: field.aliases }),
  };
}

function boxSchemas(schema: EventSchema, base: string): BoxSchema[] {
  const found: BoxSchema[] = [];
  for (const party of parties) {
    for (const category of categories) {
      const fields = schema.fields.filter(
        ({ owner }) => owner?.party === party && owner.category === category,
      );
      if (fields.length === 0) continue;
      const name = `${base}.${boxName({ party, category })}`;
      const record: RecordSchema = {
        type: 'record',
        name,
        fields: fields.map((field) => recordField(field, false)),
      };
      found.push({ party, category, fields, record });
    }
  }
  return found;
}

const boxName = ({ party, category }: { party: string; category: string }) =>
  `${party}_${category}`;

/** Avro defines a name once and refers to it afterwards. */
function defineOnce(schema: unknown): unknown {
  let seen = false;
  return JSON.parse(
    JSON.stringify(schema, (_key, value: unknown) => {
      if (!isIdType(value)) return value;
      if (seen) return idType.name;
      seen = true;
      return value;
    }),
  );
}

/** A record schema as avsc takes it: names defined once. */
export const avroSchema = (record: RecordSchema): unknown => defineOnce(record);

function isIdType(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'name' in value && value.name === idType.name
  );
}
