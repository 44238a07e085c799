import { asBuffer } from './bytes.ts';
import type { EventValues, StoredHeader } from './event-plan.ts';
import { fieldKind } from './field-kind.ts';
import type { FieldKind } from './field-kind.ts';
import { avroType } from './avro-type.ts';
import { longBytesMax, putByteString, putId, putLong, putString, refused } from './put.ts';
import type { RecordSchema } from './stored-schema.ts';

/** Writes one record; `size` is an upper bound of what `write` takes. */
export interface RecordEncoder {
  size(header: StoredHeader | undefined, values: EventValues): number;
  write(header: StoredHeader | undefined, values: EventValues, buffer: Buffer, at: number): number;
}

/**
 * Straight-line code for one record. Fields in `fromHeader` are read off the header, the others off
 * the values. A record with a field beyond primitives is left to avsc.
 */
export function recordEncoder(
  record: RecordSchema,
  fromHeader: ReadonlySet<string>,
): RecordEncoder {
  const kinds = record.fields.map(({ type }) => fieldKind(type));
  if (!kinds.every((kind) => kind !== undefined)) return avroEncoder(record, fromHeader);
  let fixed = 0;
  const sizes: string[] = [];
  const writes: string[] = [];
  record.fields.forEach(({ name }, index) => {
    const kind = kinds[index];
    if (kind === undefined) return;
    const key = JSON.stringify(name);
    const value = `${fromHeader.has(name) ? 'h' : 'v'}[${key}]`;
    fixed += 1 + fixedSize(kind.base);
    if (kind.base === 'string') sizes.push(`+ textSize(${value})`);
    if (kind.base === 'bytes') sizes.push(`+ bytesSize(${value})`);
    writes.push(writeField(kind, key, value));
  });
  // Names come from our own .avsc files, checked against Avro's name rule and quoted.
  const source = `
    const { putString, putLong, putId, putByteString, refused } = parts;
    const textSize = (x) => (typeof x === 'string' ? x.length * 3 : 0);
    const bytesSize = (x) => (x == null ? 0 : x.length >>> 0);
    return {
      size(h, v) { return ${fixed} ${sizes.join(' ')}; },
      write(h, v, b, p) { let x; ${writes.join('\n')} return p; },
    };`;
  const make = new Function('parts', source) as (parts: object) => RecordEncoder;
  return make({ putString, putLong, putId, putByteString, refused });
}

function fixedSize(base: FieldKind['base']): number {
  switch (base) {
    case 'id':
      return 16;
    case 'boolean':
      return 1;
    default:
      return longBytesMax;
  }
}

function writeField(kind: FieldKind, key: string, value: string): string {
  const put = writeValue(kind.base, key);
  if (kind.nullBranch === -1) return `x = ${value}; ${put}`;
  const branches = kind.nullBranch === 0 ? [0, 2] : [2, 0];
  return `x = ${value}; if (x == null) b[p++] = ${branches[0]}; else { b[p++] = ${branches[1]}; ${put} }`;
}

function writeValue(base: FieldKind['base'], key: string): string {
  const check = (test: string) => `if (!(${test})) throw refused(${key}); `;
  switch (base) {
    case 'string':
      return `${check("typeof x === 'string'")}p = putString(b, p, x);`;
    case 'long':
      return `${check('Number.isSafeInteger(x)')}p = putLong(b, p, x);`;
    case 'int':
      return `${check("typeof x === 'number' && x === (x | 0)")}p = putLong(b, p, x);`;
    case 'boolean':
      return `${check("typeof x === 'boolean'")}b[p++] = x ? 1 : 0;`;
    case 'float':
      return `${check("typeof x === 'number'")}p = b.writeFloatLE(x, p);`;
    case 'double':
      return `${check("typeof x === 'number'")}p = b.writeDoubleLE(x, p);`;
    case 'bytes':
      return `${check('x instanceof Uint8Array')}p = putByteString(b, p, x);`;
    case 'id':
      return `p = putId(b, p, x, ${key});`;
  }
}

/** Any Avro type at all, at avsc's pace. */
function avroEncoder(record: RecordSchema, fromHeader: ReadonlySet<string>): RecordEncoder {
  const type = avroType(record);
  const toBytes = (header: StoredHeader | undefined, values: EventValues): Buffer => {
    const whole: Record<string, unknown> = {};
    for (const { name } of record.fields) {
      const from: Readonly<Record<string, unknown>> = fromHeader.has(name) ? { ...header } : values;
      const value = from[name] ?? null;
      whole[name] = value instanceof Uint8Array ? asBuffer(value) : value;
    }
    let wrong: string | undefined;
    const valid = type.isValid(whole, { errorHook: (path) => (wrong ??= path[0]) });
    if (!valid) throw refused(wrong ?? record.name);
    return type.toBuffer(whole);
  };
  return {
    size: (header, values) => toBytes(header, values).length,
    write(header, values, buffer, at) {
      return at + toBytes(header, values).copy(buffer, at);
    },
  };
}
