import type { Category } from '#vault';
import { EventsError } from './errors.ts';
import { categories, computedRules, identifierKinds, parties } from './vocabulary.ts';
import type { ComputedRule, IdentifierKind, Party } from './vocabulary.ts';

/** One field of an .avsc with what its tags say. */
export interface SchemaField {
  readonly name: string;
  readonly type: unknown;
  /** Undefined when the field has no default and so must be there. */
  readonly default: unknown;
  readonly aliases: readonly string[];
  readonly doc: string;
  readonly sample: string | undefined;
  readonly owner: { readonly party: Party; readonly category: Category } | undefined;
  readonly identifier: IdentifierKind | undefined;
  readonly computed: { readonly from: string; readonly rule: ComputedRule } | undefined;
  /** `communication`: scoped to the source by ingest; `event`: given as it is. */
  readonly id: 'communication' | 'event' | undefined;
  /** The closed set of what the text can be. */
  readonly values: readonly string[] | undefined;
  /** Why a field whose name looks personal is a fact. */
  readonly factBecause: string | undefined;
}

/** An event type's .avsc, its tags checked. */
export interface EventSchema {
  readonly type: string;
  readonly fields: readonly SchemaField[];
  /** The .avsc itself, as the writers see it. */
  readonly avro: object;
}

const namespace = 'tollbook.';
const name = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The event type that a schema's full name stands for, or undefined for a foreign name. */
export function typeOfSchema(schema: unknown): string | undefined {
  if (!isObject(schema) || typeof schema['name'] !== 'string') return undefined;
  const own = schema['name'];
  const full =
    own.includes('.') || typeof schema['namespace'] !== 'string' || schema['namespace'] === ''
      ? own
      : `${schema['namespace']}.${own}`;
  return full.startsWith(namespace) ? full.slice(namespace.length) : undefined;
}

/**
 * Reads an .avsc and its tags.
 *
 * @throws EventsError `bad_schema` naming the field, for a tag with an unknown party, category,
 * rule or kind, and for tags that contradict each other.
 */
export function parseEventSchema(schema: unknown, where: string): EventSchema {
  const type = typeOfSchema(schema);
  if (!isObject(schema) || type === undefined) {
    throw bad(where, `must be a record in the namespace "${namespace.slice(0, -1)}"`);
  }
  if (schema['type'] !== 'record' || !Array.isArray(schema['fields'])) {
    throw bad(where, 'must be a record with fields');
  }
  const fields = schema['fields'].map((field: unknown) => parseField(field, where));
  const seen = new Set<string>();
  for (const field of fields) {
    if (seen.has(field.name)) throw bad(where, `names the field ${field.name} twice`);
    seen.add(field.name);
  }
  for (const field of fields) {
    const from = field.computed?.from;
    if (from !== undefined && !fields.some((other) => other.name === from && other.owner)) {
      throw bad(where, `computes ${field.name} from ${from}, which is no party field of it`);
    }
  }
  return { type, fields, avro: schema };
}

function parseField(field: unknown, where: string): SchemaField {
  if (!isObject(field) || typeof field['name'] !== 'string' || !name.test(field['name'])) {
    throw bad(where, 'has a field without a proper name');
  }
  const at = `${where}, field ${field['name']}:`;
  if (field['name'] === '__proto__') throw bad(at, 'is a name that JavaScript keeps for itself');
  const owner = parseOwner(field, at);
  const identifier = oneOf(identifierKinds, field['tollbook.identifier'], at, 'identifier kind');
  const computed = parseComputed(field['tollbook.computed'], at);
  if (computed !== undefined && (!isNullable(field['type']) || field['default'] !== null)) {
    throw bad(at, 'is computed and so must be nullable, null by default');
  }
  const id = oneOf(['communication', 'event'] as const, field['tollbook.id'], at, 'kind of id');
  if (identifier !== undefined && owner === undefined) throw bad(at, 'names a person of no party');
  if (owner?.party === 'all' && identifier !== undefined) {
    throw bad(at, 'names a person, so it must belong to one party and not to all');
  }
  if (owner !== undefined && (computed ?? id) !== undefined) {
    throw bad(at, 'is a party field and cannot be computed or an id');
  }
  return {
    name: field['name'],
    type: field['type'],
    default: field['default'],
    aliases: textList(field['aliases']) ?? [],
    doc: text(field['doc']) ?? '',
    sample: text(field['tollbook.sample']),
    owner,
    identifier,
    computed,
    id,
    values: textList(field['tollbook.values']),
    factBecause: text(field['tollbook.fact']),
  };
}

function parseOwner(field: Record<string, unknown>, at: string): SchemaField['owner'] {
  const party = oneOf(parties, field['tollbook.party'], at, 'party');
  const category = oneOf(categories, field['tollbook.category'], at, 'category');
  if ((party === undefined) !== (category === undefined)) {
    throw bad(at, 'has only one of tollbook.party and tollbook.category');
  }
  const tagged = textList(field['confluent:tags'])?.includes('PII') ?? false;
  if (tagged !== (party !== undefined)) {
    throw bad(at, 'must have "confluent:tags": ["PII"] exactly when it has tollbook.party');
  }
  if (party === undefined || category === undefined) return undefined;
  if (!isNullable(field['type']) || field['default'] !== null) {
    throw bad(at, 'is a party field and so must be nullable, null by default');
  }
  return { party, category };
}

function parseComputed(tag: unknown, at: string): SchemaField['computed'] {
  if (tag === undefined) return undefined;
  const from = isObject(tag) ? text(tag['from']) : undefined;
  const rule = isObject(tag) ? oneOf(computedRules, tag['rule'], at, 'rule') : undefined;
  if (from === undefined || rule === undefined) {
    throw bad(at, 'must say tollbook.computed as { "from": field, "rule": rule }');
  }
  return { from, rule };
}

function oneOf<T extends string>(
  known: readonly T[],
  value: unknown,
  at: string,
  what: string,
): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (found === undefined) {
    throw bad(at, `names the ${what} ${JSON.stringify(value)}; known are ${known.join(', ')}`);
  }
  return found;
}

export function isNullable(type: unknown): boolean {
  return type === 'null' || (Array.isArray(type) && type.includes('null'));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textList(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value
    : undefined;
}

function bad(where: string, how: string): EventsError {
  return new EventsError('bad_schema', `${where} ${how}`);
}
