import { fieldKind } from './field-kind.ts';
import type { FieldKind } from './field-kind.ts';
import { compileAvro } from './avro-type.ts';
import type { FieldValue } from './event-plan.ts';
import { isNullable, isObject } from './event-schema.ts';
import type { EventSchema, SchemaField } from './event-schema.ts';

/** How one field reads from JSON. */
export interface JsonField {
  readonly name: string;
  /** No default: the event must have it. */
  readonly required: boolean;
  /** A writer's word on it does not count. */
  readonly ignored: boolean;
  /** The value in the form of EventValues, or what is wrong with it. */
  parse(value: unknown): { readonly value: FieldValue } | { readonly problem: string };
}

/** Every field of the .avsc by name. */
export type JsonFields = ReadonlyMap<string, JsonField>;

export function jsonFields(schema: EventSchema): JsonFields {
  return new Map(schema.fields.map((field) => [field.name, jsonField(field)] as const));
}

function jsonField(field: SchemaField): JsonField {
  const parse = parserOf(field);
  const nullable = isNullable(field.type);
  return {
    name: field.name,
    required: field.default === undefined,
    ignored: field.computed !== undefined,
    parse(value) {
      if (value === null) return nullable ? { value: null } : { problem: 'must not be null' };
      return parse(value);
    },
  };
}

type Parse = (value: unknown) => { readonly value: FieldValue } | { readonly problem: string };

function parserOf(field: SchemaField): Parse {
  const kind = fieldKind(field.type);
  if (kind === undefined) return avroParser(field);
  if (isTimestamp(field.type)) return parseTime;
  if (field.values !== undefined) return closedParser(field.values);
  return parsers[kind.base];
}

const isTimestamp = (type: unknown): boolean =>
  (Array.isArray(type) && type.some(isTimestamp)) ||
  (isObject(type) && type['logicalType'] === 'timestamp-micros');

const parsers: Readonly<Record<FieldKind['base'], Parse>> = {
  string: (value) => (typeof value === 'string' ? { value } : { problem: 'must be text' }),
  id: (value) => (typeof value === 'string' ? { value } : { problem: 'must be text' }),
  boolean: (value) =>
    typeof value === 'boolean' ? { value } : { problem: 'must be true or false' },
  int: (value) =>
    typeof value === 'number' && value === (value | 0)
      ? { value }
      : { problem: 'must be a whole number of at most 32 bits' },
  long: (value) =>
    typeof value === 'number' && Number.isSafeInteger(value)
      ? { value }
      : { problem: 'must be a whole number below 2^53' },
  float: (value) => (typeof value === 'number' ? { value } : { problem: 'must be a number' }),
  double: (value) => (typeof value === 'number' ? { value } : { problem: 'must be a number' }),
  bytes: (value) =>
    typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value)
      ? { value: Buffer.from(value, 'base64') }
      : { problem: 'must be base64 text' },
};

function closedParser(allowed: readonly string[]): Parse {
  const problem = `must be one of ${allowed.join(', ')}`;
  return (value) =>
    typeof value === 'string' && allowed.includes(value) ? { value } : { problem };
}

/** Types beyond primitives come in Avro's own JSON encoding. */
function avroParser(field: SchemaField): Parse {
  const type = compileAvro(field.type, field.name);
  return (value) => {
    try {
      return { value: type.fromString(JSON.stringify(value)) as FieldValue };
    } catch {
      return { problem: "must be in Avro's JSON encoding of its type" };
    }
  };
}

const timePattern =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))$/i;

const timeProblem = { problem: 'must be a time as ISO 8601 with a zone, or as µs since 1970' };

/** µs since the epoch; what ISO text says beyond µs is cut. */
function parseTime(value: unknown): { readonly value: number } | { readonly problem: string } {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { value } : timeProblem;
  const parts = typeof value === 'string' ? timePattern.exec(value) : null;
  if (parts === null) return timeProblem;
  const part = (index: number): number => Number(parts[index] ?? 0);
  const ms = Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6));
  const date = new Date(ms);
  const exists =
    date.getUTCMonth() === part(2) - 1 &&
    date.getUTCDate() === part(3) &&
    date.getUTCHours() === part(4) &&
    date.getUTCMinutes() === part(5);
  if (!exists || part(9) > 23 || part(10) > 59) return timeProblem;
  const east = (part(9) * 60 + part(10)) * (parts[8] === '-' ? -1 : 1);
  const micros = Number((parts[7] ?? '').padEnd(6, '0').slice(0, 6));
  return { value: (ms - east * 60_000) * 1000 + micros };
}
