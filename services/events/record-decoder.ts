import type { Type } from 'avsc';
import { avroType, compileAvro } from './avro-type.ts';
import { Malformed } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { EventsError } from './errors.ts';
import type { EventValues } from './event-plan.ts';
import { isObject } from './event-schema.ts';
import { fieldKind } from './field-kind.ts';
import type { FieldKind } from './field-kind.ts';
import type { RecordField, RecordSchema } from './stored-schema.ts';

/** Reads one record at the cursor; throws Malformed. The caller checks the end. */
export type RecordDecoder = (cursor: Cursor) => EventValues;

/**
 * Reads what `writer` wrote as `reader` wants it, by Avro's rules of schema resolution. Where both
 * have nothing beyond primitives the code is straight-line; otherwise avsc does it.
 *
 * @param labels fields whose text comes again and again and is no personal data
 * @throws EventsError `bad_schema` when the one cannot be read as the other
 */
export function recordDecoder(
  writer: unknown,
  reader: RecordSchema,
  labels: ReadonlySet<string>,
): RecordDecoder {
  const what = reader.name;
  const writerType = compileAvro(writer, what);
  const readerType = avroType(reader);
  const resolver = resolverOf(writerType, readerType, what);
  const plain = isObject(writer) ? generated(writer['fields'], reader, labels) : undefined;
  return plain ?? avroDecoder(readerType, resolver, reader);
}

function resolverOf(writerType: Type, readerType: Type, what: string) {
  try {
    return readerType.createResolver(writerType);
  } catch (cause) {
    throw new EventsError(
      'bad_schema',
      `records of this writer's schema cannot be read as ${what}: ` +
        'a field that is required has no default, or a type cannot become the one expected',
      { cause },
    );
  }
}

interface Step {
  readonly writer: FieldKind;
  /** Where its value goes; undefined for a field that the reader does not have. */
  readonly target: { readonly index: number; readonly kind: FieldKind } | undefined;
}

function generated(
  writerFields: unknown,
  reader: RecordSchema,
  labels: ReadonlySet<string>,
): RecordDecoder | undefined {
  const steps = planSteps(writerFields, reader);
  if (steps === undefined) return undefined;
  const filled = new Set(steps.map(({ target }) => target?.index));
  const initial: string[] = [];
  for (const [index, field] of reader.fields.entries()) {
    const literal = filled.has(index) ? 'null' : defaultLiteral(field);
    if (literal === undefined) return undefined;
    initial.push(`x${index} = ${literal}`);
  }
  const reads = steps.map((step) => readStep(step, reader, labels));
  const result = reader.fields.map(({ name }, index) => `${JSON.stringify(name)}: x${index}`);
  // Only names of our own .avsc files (checked, quoted) and numbers get into the source.
  const source = `
    const b = c.buffer; let t = 0; let ${initial.join(', ')};
    ${reads.join('\n')}
    return { ${result.join(', ')} };`;
  return new Function('c', source) as RecordDecoder;
}

/** Undefined when a field is beyond what straight-line code does. */
function planSteps(writerFields: unknown, reader: RecordSchema): readonly Step[] | undefined {
  if (!Array.isArray(writerFields)) return undefined;
  const steps: Step[] = [];
  for (const field of writerFields) {
    const writer = isObject(field) ? fieldKind(field['type']) : undefined;
    if (writer === undefined || !isObject(field)) return undefined;
    const index = reader.fields.findIndex(
      ({ name, aliases, ignored }) =>
        ignored !== true &&
        (name === field['name'] || aliases?.includes(String(field['name'])) === true),
    );
    const target = reader.fields[index];
    const kind = target === undefined ? undefined : fieldKind(target.type);
    if (target !== undefined && kind === undefined) return undefined;
    steps.push({ writer, target: kind === undefined ? undefined : { index, kind } });
  }
  return steps;
}

function defaultLiteral(field: RecordField): string | undefined {
  const kind = fieldKind(field.type);
  if (kind === undefined || kind.base === 'bytes' || kind.base === 'id') {
    return field.default === null ? 'null' : undefined;
  }
  const value = field.default;
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
    ? JSON.stringify(value)
    : undefined;
}

function readStep(step: Step, reader: RecordSchema, labels: ReadonlySet<string>): string {
  const { writer, target } = step;
  const field = target === undefined ? undefined : reader.fields[target.index];
  const read =
    target === undefined || field === undefined
      ? `${skipCall(writer.base)};`
      : `x${target.index} = ${readCall(writer.base, target.kind.base, labels.has(field.name))};`;
  if (writer.nullBranch === -1) return read;
  const required = target !== undefined && target.kind.nullBranch === -1;
  const onNull = required ? 'c.badBranch();' : '';
  return writer.nullBranch === 0
    ? `if (b[c.at] === 0) { c.at++; ${onNull} } else { if (c.long() !== 1) c.badBranch(); ${read} }`
    : `t = c.long(); if (t === 0) { ${read} } else if (t !== 1) { c.badBranch(); } else { ${onNull} }`;
}

function readCall(writer: FieldKind['base'], reader: FieldKind['base'], label: boolean): string {
  if (reader === 'string') return label ? 'c.label()' : 'c.text()';
  if (reader === 'bytes') return 'c.bytes()';
  return `c.${writer}()`;
}

function skipCall(base: FieldKind['base']): string {
  switch (base) {
    case 'string':
    case 'bytes':
      return 'c.skipBytes()';
    case 'boolean':
      return 'c.skip(1)';
    case 'float':
      return 'c.skip(4)';
    case 'double':
      return 'c.skip(8)';
    case 'id':
      return 'c.skip(16)';
    default:
      return 'c.skipLong()';
  }
}

/** Any Avro type at all, at avsc's pace. */
function avroDecoder(type: Type, resolver: object, reader: RecordSchema): RecordDecoder {
  return (cursor) => {
    const { value, offset } = decodeAt(type, cursor, resolver);
    if (offset < 0) throw new Malformed('a value that ends too early');
    cursor.at = offset;
    const values: EventValues = {};
    for (const { name, ignored } of reader.fields) {
      values[name] = ignored === true ? null : (value[name] ?? null);
    }
    return values;
  };
}

function decodeAt(type: Type, cursor: Cursor, resolver: object) {
  try {
    // avsc types its result as `any`; the resolver guarantees the reader's shape.
    return type.decode(cursor.buffer, cursor.at, resolver) as {
      value: EventValues;
      offset: number;
    };
  } catch (cause) {
    throw new Malformed('a value that its schema does not allow', { cause });
  }
}
