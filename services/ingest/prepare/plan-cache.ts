import type { BoxPlan, ComputedFact, EventPlan } from '#events';
import type { TimeField } from './check-times.ts';

/** The header, which `prepare` reads by name; everything else is found by the plan. */
const HEADER = new Set([
  'eventId',
  'communicationId',
  'source',
  'sourceSequence',
  'occurredAt',
  'observedAt',
  'startedAt',
  'legId',
  'accountId',
  'retentionClass',
]);

/** What preparing an event of a type needs, worked out once from its plan. */
export interface Preparation {
  readonly plan: EventPlan;
  /** Clear fields of the type's own. */
  readonly facts: readonly string[];
  /** Times besides the event's own (µs), and lengths in seconds. */
  readonly times: readonly TimeField[];
  /** Clear fields that hold a native id: of another leg, a recording, a group. */
  readonly nativeIds: readonly string[];
  /** Fields that name a person, in order of first mention, with how to read them. */
  readonly people: readonly PersonField[];
  /** For each box, the places in `people` it depends on. */
  readonly boxes: readonly { readonly box: BoxPlan; readonly people: readonly number[] }[];
  readonly computed: readonly (ComputedFact & { readonly person: number })[];
  readonly messaging: boolean;
  readonly byLedger: boolean;
}

export interface PersonField {
  readonly field: string;
  readonly kind: 'number' | 'address';
  /** Where what came is kept when the normal form differs from it. */
  readonly rawField: string | undefined;
}

const preparations = new WeakMap<EventPlan, Preparation>();

export function preparationOf(plan: EventPlan): Preparation {
  const known = preparations.get(plan);
  if (known !== undefined) return known;
  const fresh = work(plan);
  preparations.set(plan, fresh);
  return fresh;
}

function work(plan: EventPlan): Preparation {
  const fields = Object.keys(plan.blank());
  const people: PersonField[] = [];
  const indexOf = (field: string): number => people.findIndex((person) => person.field === field);
  const add = (field: string, kind: PersonField['kind']): void => {
    if (indexOf(field) >= 0) return;
    const raw = field.replace(/Number$/, 'Dialled');
    people.push({ field, kind, rawField: raw !== field && fields.includes(raw) ? raw : undefined });
  };
  for (const box of plan.boxes) {
    for (const { field, kind } of box.identifiers) add(field, kind);
  }
  // A fact may be computed from a number that no box depends on.
  for (const { from, rule } of plan.computed) {
    if (rule !== 'segments') add(from, 'number');
  }
  const sealed = new Set(plan.boxes.flatMap((box) => box.fields));
  const derived = new Set(plan.computed.map((fact) => fact.field));
  const ids = new Set(plan.ids);
  const isNativeId = (field: string): boolean => field.endsWith('Id');
  const own = fields.filter(
    (field) => !HEADER.has(field) && !sealed.has(field) && !derived.has(field) && !ids.has(field),
  );
  return {
    plan,
    facts: own.filter((field) => !isNativeId(field)),
    times: [...own, 'startedAt', 'observedAt']
      .filter((field) => /(?:At|Seconds)$/.test(field))
      .map((field) => ({ field, isLength: field.endsWith('Seconds') })),
    nativeIds: own.filter(isNativeId),
    people,
    boxes: plan.boxes.map((box) => ({
      box,
      people: box.identifiers.map(({ field }) => indexOf(field)),
    })),
    computed: plan.computed.map((fact) => ({ ...fact, person: indexOf(fact.from) })),
    messaging: plan.shape.kind === 'sms',
    byLedger: plan.shape.by === 'ledger',
  };
}
