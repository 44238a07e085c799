import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import type { EventPlan, EventValues, FieldValue, StoredHeader } from '#events';
import { parseEventSchema } from '../../services/events/event-schema.ts';
import type { EventSchema, SchemaField } from '../../services/events/event-schema.ts';
import { fieldKind } from '../../services/events/field-kind.ts';
import type { FieldKind } from '../../services/events/field-kind.ts';

export async function eventSchema(type: string): Promise<EventSchema> {
  const file = new URL(`../../schemas/${type}.avsc`, import.meta.url);
  return parseEventSchema(JSON.parse(await readFile(file, 'utf8')), type);
}

export const safeLong = fc.maxSafeInteger();

/** avsc writes longs below -2^52 wrongly and refuses the largest: it is no witness there. */
const avscLong = fc.integer({ min: -(2 ** 52), max: 2 ** 53 - 3 });

/** Text that UTF-8 can carry, ASCII and other, short and long. */
export const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('', 'a', 'edge-ams-1', '+447700900123', 'x'.repeat(63), 'y'.repeat(200)),
);

const bases: Readonly<Record<FieldKind['base'], fc.Arbitrary<FieldValue>>> = {
  string: text,
  long: safeLong,
  int: fc.integer(),
  boolean: fc.boolean(),
  float: fc.float({ noNaN: true }),
  double: fc.double({ noNaN: true }),
  bytes: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
};

function fieldValue(field: SchemaField, long: fc.Arbitrary<number>): fc.Arbitrary<FieldValue> {
  const kind = fieldKind(field.type);
  if (kind === undefined) throw new Error(`${field.name} is beyond primitives`);
  const base =
    field.id === undefined
      ? field.values === undefined
        ? kind.base === 'long'
          ? long
          : bases[kind.base]
        : fc.constantFrom(...field.values)
      : bases.id;
  return kind.nullBranch === -1 ? base : fc.oneof(fc.constant(null), base);
}

/** Everything a writer can say in an event of the type; ids as ingest leaves them. */
export const values = (schema: EventSchema): fc.Arbitrary<EventValues> => record(schema, safeLong);

/** What avsc can write rightly. */
export const avscValues = (schema: EventSchema): fc.Arbitrary<EventValues> =>
  record(schema, avscLong);

function record(schema: EventSchema, long: fc.Arbitrary<number>): fc.Arbitrary<EventValues> {
  return fc.record(
    Object.fromEntries(schema.fields.map((field) => [field.name, fieldValue(field, long)])),
  );
}

export const id = fc.uint8Array({ minLength: 16, maxLength: 16 });

const optional = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(one, { nil: undefined });

export const header: fc.Arbitrary<StoredHeader> = fc.record({
  eventId: id,
  communicationId: id,
  alsoCommunicationId: optional(id),
  source: text,
  switch: optional(text),
  sourceSequence: optional(safeLong),
  occurredAt: safeLong,
  observedAt: optional(safeLong),
  legId: optional(text),
  accountId: text,
});

/** What encodeFacts and encodeBox make of an event. */
export function split(plan: EventPlan, head: StoredHeader, fields: EventValues) {
  return {
    facts: plan.encodeFacts(head, fields),
    boxes: plan.boxes.flatMap((box) => {
      const plaintext = plan.encodeBox(box, fields);
      return plaintext === undefined ? [] : [{ box, plaintext }];
    }),
  };
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
