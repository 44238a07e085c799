import avsc from 'avsc';
import type { Type } from 'avsc';
import { asBuffer } from './bytes.ts';
import { EventsError } from './errors.ts';
import { avroSchema } from './stored-schema.ts';
import type { RecordSchema } from './stored-schema.ts';

/** Gives our 16-byte ids as 32 hex digits, as the generated codecs do. */
class IdType extends avsc.types.LogicalType {
  protected override _fromValue(value: Uint8Array): string {
    return asBuffer(value).toString('hex');
  }

  protected override _toValue(value: unknown): unknown {
    if (typeof value === 'string' && value.length === 32) return Buffer.from(value, 'hex');
    return value instanceof Uint8Array ? asBuffer(value) : undefined;
  }

  /** avsc hands over what the writer's type reads: hex already where that is our id too. */
  protected override _resolve(type: Type): unknown {
    if (type instanceof IdType) return (value: string) => value;
    return avsc.Type.isType(type, 'fixed')
      ? (value: Uint8Array) => this._fromValue(value)
      : undefined;
  }
}

const logicalTypes = { 'tollbook-id': IdType };

/** One of our own records, compiled by avsc. */
export const avroType = (record: RecordSchema): Type =>
  compileAvro(avroSchema(record), record.name);

/**
 * Any schema, compiled by avsc. Logical types other than our ids read as what they are stored as: a
 * time stamp is a number of µs.
 *
 * @throws EventsError `bad_schema`
 */
export function compileAvro(schema: unknown, what: string): Type {
  try {
    // avsc checks the schema itself; its types cannot say "unknown".
    return avsc.Type.forSchema(schema as avsc.Schema, { logicalTypes });
  } catch (cause) {
    throw new EventsError('bad_schema', `the schema of ${what} is not valid Avro`, { cause });
  }
}
