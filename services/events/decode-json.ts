import { EventsError } from './errors.ts';
import type { FieldProblem } from './errors.ts';
import type { DecodedEvent, EventValues, Schemas } from './event-plan.ts';
import { isObject } from './event-schema.ts';
import type { JsonFields } from './json-fields.ts';

export interface JsonEvent extends DecodedEvent {
  /** Names the .avsc does not have, in the order of the input; what they held is gone. */
  readonly unknownFields: readonly string[];
}

/**
 * An event in its JSON form: `{ "type": "call.initiated", ...fields }`. Time stamps are ISO 8601
 * with a zone, or µs since the epoch; bytes are base64.
 *
 * @throws EventsError `unknown_type`; `invalid_event` with one problem for each refused field
 */
export function decodeJson(schemas: Schemas, event: unknown): JsonEvent {
  if (!isObject(event)) throw invalid('an event', [{ field: '', problem: 'must be an object' }]);
  const { type } = event;
  if (typeof type !== 'string') {
    throw invalid('an event', [{ field: 'type', problem: 'must name the event type' }]);
  }
  const plan = schemas.plan(type);
  const fields = schemas.jsonFields(type);
  const values = plan.blank();
  const problems: FieldProblem[] = [];
  const unknownFields: string[] = [];
  for (const name of Object.keys(event)) {
    const field = fields?.get(name);
    if (field === undefined) {
      if (name !== 'type') unknownFields.push(printable(name));
    } else if (!field.ignored) {
      const parsed = field.parse(event[name]);
      if ('problem' in parsed) problems.push({ field: name, problem: parsed.problem });
      else values[name] = parsed.value;
    }
  }
  addMissing(fields, values, problems);
  if (problems.length > 0) throw invalid(type, problems);
  return { plan, values, unknownFields };
}

function addMissing(
  fields: JsonFields | undefined,
  values: EventValues,
  problems: FieldProblem[],
): void {
  for (const { name, required } of fields?.values() ?? []) {
    if (required && values[name] === null && !problems.some(({ field }) => field === name)) {
      problems.push({ field: name, problem: 'is missing' });
    }
  }
}

/** A name can itself be personal data; only what looks like a name of a field is told. */
const printable = (name: string): string =>
  /^[A-Za-z_][A-Za-z_]{0,63}$/.test(name) ? name : '(a name that is none)';

function invalid(what: string, problems: readonly FieldProblem[]): EventsError {
  const told = problems.map(({ field, problem }) => `${field} ${problem}`.trim()).join('; ');
  return new EventsError('invalid_event', `${what}: ${told}`, { problems });
}
