import { Arena } from './arena.ts';
import { recordEncoder } from './record-encoder.ts';
import type { RecordEncoder } from './record-encoder.ts';
import type { BoxPlan, EventPlan, EventValues, IdentifierField } from './event-plan.ts';
import type { EventSchema } from './event-schema.ts';
import { checkHeader, storedHeaderFields } from './header.ts';
import { storedSchema } from './stored-schema.ts';
import type { BoxSchema } from './stored-schema.ts';
import type { EventShape } from './vocabulary.ts';

/** A box's plaintext is padded to a multiple of this, so that all boxes of numbers are alike. */
export const boxBlock = 64;

// Facts go into the journal, plaintexts never do: they share no buffer.
const factsArena = new Arena(256 * 1024);
const plaintextArena = new Arena(64 * 1024);

const noHeader: ReadonlySet<string> = new Set();

/** @throws EventsError `bad_schema` */
export function compilePlan(schema: EventSchema, shape: EventShape): EventPlan {
  checkHeader(schema);
  const stored = storedSchema(schema);
  const facts = recordEncoder(stored.facts, storedHeaderFields);
  const boxEncoders = stored.boxes.map(({ record }) => recordEncoder(record, noHeader));
  const boxes = stored.boxes.map((box, index) => boxPlan(schema, box, index));
  return {
    type: schema.type,
    shape,
    fingerprint: stored.fingerprint,
    boxes,
    computed: schema.fields.flatMap(({ name, computed }) =>
      computed === undefined ? [] : [{ field: name, ...computed }],
    ),
    ids: schema.fields.filter(({ id }) => id === 'communication').map(({ name }) => name),
    hasCommunication: schema.fields.some(({ name }) => name === 'communicationId'),
    blank: blankMaker(schema),
    encodeFacts(header, values) {
      factsArena.reserve(facts.size(header, values));
      return factsArena.cut(facts.write(header, values, factsArena.buffer, factsArena.at));
    },
    encodeBox(box, values) {
      const encoder = boxEncoders[box.index];
      if (encoder === undefined || box.fields.every((field) => isAbsent(values, field))) {
        return undefined;
      }
      return encodeBox(encoder, values);
    },
  };
}

/** A literal keeps all values of a type in one shape; copying a template object costs 5 µs. */
function blankMaker(schema: EventSchema): () => EventValues {
  const parts = schema.fields.map(
    (field) => `${JSON.stringify(field.name)}: ${JSON.stringify(field.default ?? null)}`,
  );
  // Names and defaults of our own .avsc files, as JSON.
  return new Function(`return { ${parts.join(', ')} };`) as () => EventValues;
}

const isAbsent = (values: EventValues, field: string): boolean => (values[field] ?? null) === null;

function encodeBox(encoder: RecordEncoder, values: EventValues): Buffer {
  plaintextArena.reserve(encoder.size(undefined, values) + boxBlock);
  const { buffer, at } = plaintextArena;
  const end = encoder.write(undefined, values, buffer, at);
  const padded = at + Math.ceil((end - at) / boxBlock) * boxBlock;
  buffer.fill(0, end, padded);
  return plaintextArena.cut(padded);
}

function boxPlan(schema: EventSchema, box: BoxSchema, index: number): BoxPlan {
  const identifiers: IdentifierField[] = [];
  for (const { name, owner, identifier } of schema.fields) {
    if (identifier === undefined || owner === undefined) continue;
    if (box.party !== 'all' && box.party !== owner.party) continue;
    identifiers.push({ field: name, party: owner.party, kind: identifier });
  }
  return {
    index,
    party: box.party,
    category: box.category,
    fields: box.fields.map(({ name }) => name),
    identifierField: box.fields.find(({ identifier }) => identifier !== undefined)?.name,
    identifiers,
  };
}
