import { isObject } from './event-schema.ts';
import { idType } from './stored-schema.ts';

const primitives = ['boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;

export type Primitive = (typeof primitives)[number];

/** What our own codec handles; everything else is left to avsc. */
export interface FieldKind {
  readonly base: Primitive | 'id';
  /** Which union branch is null: 0 or 1; -1 when the field is not a union. */
  readonly nullBranch: -1 | 0 | 1;
}

/** Undefined for types beyond primitives, ids and their optional forms. */
export function fieldKind(type: unknown): FieldKind | undefined {
  if (!Array.isArray(type)) {
    const base = baseOf(type);
    return base === undefined ? undefined : { base, nullBranch: -1 };
  }
  const nullBranch = type.indexOf('null');
  if (type.length !== 2 || (nullBranch !== 0 && nullBranch !== 1)) return undefined;
  const base = baseOf(type[1 - nullBranch]);
  return base === undefined ? undefined : { base, nullBranch };
}

function baseOf(type: unknown): FieldKind['base'] | undefined {
  if (isObject(type)) {
    if (type['name'] === idType.name && type['size'] === idType.size) return 'id';
    return typeof type['type'] === 'string' ? primitive(type['type']) : undefined;
  }
  // Avro refers to a name by its text once the schema has defined it.
  return type === idType.name ? 'id' : primitive(type);
}

const primitive = (type: unknown): Primitive | undefined => primitives.find((one) => one === type);
