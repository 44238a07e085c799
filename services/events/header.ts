import { canonicalForm } from './fingerprint.ts';
import { EventsError } from './errors.ts';
import type { FieldValue } from './event-plan.ts';
import type { EventSchema } from './event-schema.ts';

const optionalText = ['null', 'string'];
const optionalLong = ['null', 'long'];

/** The common header: what each of its fields must be wherever an .avsc has it. */
const headerTypes: Readonly<Record<string, unknown>> = {
  eventId: optionalText,
  source: optionalText,
  sourceSequence: optionalLong,
  occurredAt: 'long',
  observedAt: optionalLong,
  communicationId: 'string',
  legId: optionalText,
  accountId: optionalText,
  retentionClass: optionalText,
};

const always = ['eventId', 'source', 'sourceSequence', 'occurredAt', 'observedAt', 'accountId'];

/** What only the stored form has; no .avsc may use these names for something else. */
const storedOnly = ['switch', 'alsoCommunicationId'];

/** Names that the stored header takes its values from. */
export const storedHeaderFields: ReadonlySet<string> = new Set([
  ...Object.keys(headerTypes).filter((name) => name !== 'retentionClass'),
  ...storedOnly,
]);

/** What facts hold for header fields that a type does not have. */
export const absentHeader: Readonly<Record<string, FieldValue>> = Object.freeze({
  communicationId: '',
  alsoCommunicationId: null,
  legId: null,
});

/** @throws EventsError `bad_schema` for an .avsc whose header is not the common one */
export function checkHeader(schema: EventSchema): void {
  const bad = (how: string) => new EventsError('bad_schema', `the schema of ${schema.type} ${how}`);
  for (const name of always) {
    if (!schema.fields.some((field) => field.name === name)) {
      throw bad(`lacks ${name}, which the common header has`);
    }
  }
  for (const { name, type, owner, computed } of schema.fields) {
    if (storedOnly.includes(name))
      throw bad(`uses ${name}, which the stored header keeps for itself`);
    const expected = headerTypes[name];
    if (expected === undefined) continue;
    if (
      canonicalForm(type) !== canonicalForm(expected) ||
      owner !== undefined ||
      computed !== undefined
    ) {
      throw bad(`must have ${name} as ${JSON.stringify(expected)}, without tags`);
    }
  }
}
