import { Cursor, Malformed } from './cursor.ts';
import { EventsError } from './errors.ts';
import type { EventPlan, EventReader, EventValues } from './event-plan.ts';
import type { EventSchema } from './event-schema.ts';
import { recordDecoder } from './record-decoder.ts';
import type { RecordSchema } from './stored-schema.ts';

const cursor = new Cursor();

/** The .avsc in the form that switches write, as the target of schema resolution. */
function readerRecord(schema: EventSchema): RecordSchema {
  return {
    type: 'record',
    name: `tollbook.${schema.type}`,
    fields: schema.fields.map(({ name, type, default: initial, aliases, computed }) => ({
      name,
      type,
      ...(initial === undefined ? {} : { default: initial }),
      ...(aliases.length === 0 ? {} : { aliases }),
      ...(computed === undefined ? {} : { ignored: true as const }),
    })),
  };
}

/** Text of these comes again and again; ids and party fields do not, or must not stay in memory. */
function labelNames(schema: EventSchema): ReadonlySet<string> {
  const unique = new Set(['eventId', 'communicationId']);
  return new Set(
    schema.fields
      .filter(({ name, owner, id }) => owner === undefined && id === undefined && !unique.has(name))
      .map(({ name }) => name),
  );
}

/** @throws EventsError `bad_schema` */
export function eventReader(plan: EventPlan, schema: EventSchema, writer: unknown): EventReader {
  const decode = recordDecoder(writer, readerRecord(schema), labelNames(schema));
  const closed = closedSets(schema);
  return {
    plan,
    decode(bytes, offset = 0) {
      cursor.start(bytes, offset);
      let values: EventValues;
      try {
        values = decode(cursor);
        cursor.finish();
      } catch (cause) {
        if (!(cause instanceof Malformed)) throw cause;
        const message = `the body is no ${plan.type} of its writer's schema: it holds ${cause.message}`;
        throw new EventsError('undecodable', message, { cause });
      }
      for (const { name, allowed } of closed) checkClosed(plan.type, name, allowed, values);
      return values;
    },
  };
}

interface ClosedSet {
  readonly name: string;
  readonly allowed: readonly string[];
}

export function closedSets(schema: EventSchema): readonly ClosedSet[] {
  return schema.fields.flatMap(({ name, values }) =>
    values === undefined ? [] : [{ name, allowed: values }],
  );
}

function checkClosed(
  type: string,
  name: string,
  allowed: readonly string[],
  values: EventValues,
): void {
  const value = values[name] ?? null;
  if (value === null || (typeof value === 'string' && allowed.includes(value))) return;
  const problem = `must be one of ${allowed.join(', ')}`;
  throw new EventsError('invalid_event', `${type}: ${name} ${problem}`, {
    problems: [{ field: name, problem }],
  });
}
