import type { Draw } from './draw.ts';
import type { FieldValues, TrafficEvent } from './scene.ts';

/** How often something goes wrong on the way, as shares of all events (0 to 1). */
export interface Faults {
  /** Sent again, byte for byte, up to hours later, now and then over another partition. */
  readonly repeats: number;
  /** Minutes to hours on the way. */
  readonly late: number;
  /** Overtaken by later events of the same communication. */
  readonly outOfOrder: number;
  /** The id of an earlier event with another body. */
  readonly conflicts: number;
  /** Nothing an intake could accept: each must end in quarantine. */
  readonly broken: number;
}

export const noFaults: Faults = { repeats: 0, late: 0, outOfOrder: 0, conflicts: 0, broken: 0 };

/** A day on a network that is not perfect. */
export const usualFaults: Faults = {
  repeats: 0.01,
  late: 0.002,
  outOfOrder: 0.01,
  conflicts: 0.0005,
  broken: 0.0005,
};

/** What is wrong with a broken record. */
export type Flaw = 'garbage' | 'truncated' | 'too_old' | 'from_the_future' | 'bad_value';

const flaws: readonly Flaw[] = ['garbage', 'truncated', 'too_old', 'from_the_future', 'bad_value'];

/** One record on its way to the ledger. */
export interface Emission {
  /** When it is published, µs since 1970. */
  readonly at: number;
  readonly event: TrafficEvent;
  readonly what: 'event' | 'repeat' | 'conflict' | 'broken';
  /** Records of one key stay in order: the communication's id, except for a repeat gone astray. */
  readonly key: string;
  readonly flaw: Flaw | undefined;
}

const minute = 60_000_000;

/** The way of one event: usually one record, published when it happened. */
export function emit(draw: Draw, event: TrafficEvent, key: string, faults: Faults): Emission[] {
  const chance = draw.unit();
  const sent: Emission = { at: event.at, event, what: 'event', key, flaw: undefined };
  if (event.type === 'communication.linked') return [sent];
  let past = faults.repeats;
  if (chance < past) return [sent, repeat(draw, sent)];
  if (chance < (past += faults.late)) return [{ ...sent, at: event.at + delay(draw, 120) }];
  if (chance < (past += faults.outOfOrder)) {
    return [{ ...sent, at: event.at + Math.round(draw.unit() * 20_000_000) }];
  }
  if (chance < (past += faults.conflicts)) return [sent, conflict(draw, sent)];
  if (chance < past + faults.broken) return [sent, breakIt(draw, sent)];
  return [sent];
}

function repeat(draw: Draw, sent: Emission): Emission {
  const at = sent.at + (draw.chance(0.7) ? delay(draw, 1) : delay(draw, 180));
  const astray = draw.chance(0.1);
  return { ...sent, at, what: 'repeat', key: astray ? `astray-${draw.int(1000)}` : sent.key };
}

/** The event's id with another fact, sent after it by the same way: the first must win. */
function conflict(draw: Draw, sent: Emission): Emission {
  const values = { ...sent.event.values, observedAt: null, direction: otherDirection(sent.event) };
  const event: TrafficEvent = { ...sent.event, values };
  return { ...sent, event, at: sent.at + delay(draw, 10), what: 'conflict' };
}

function otherDirection({ values }: TrafficEvent): string {
  return values['direction'] === 'internal' ? 'outbound' : 'internal';
}

/** A record of its own beside the good one, with ids of its own, that cannot be accepted. */
function breakIt(draw: Draw, sent: Emission): Emission {
  const flaw = draw.pick(flaws);
  const eventId = String(sent.event.values['eventId']).replace(/^.{8}/, draw.hex8());
  const values: FieldValues = { ...sent.event.values, eventId };
  if (flaw === 'too_old') values['occurredAt'] = sent.event.at - 400 * 24 * 60 * minute;
  if (flaw === 'from_the_future') values['occurredAt'] = sent.event.at + 30 * 24 * 60 * minute;
  if (flaw === 'bad_value') values['direction'] = 'sideways';
  return { ...sent, event: { ...sent.event, values }, what: 'broken', flaw };
}

/** Up to `minutes`, most of them sooner. */
function delay(draw: Draw, minutes: number): number {
  return Math.round(1_000 + draw.unit() ** 3 * minutes * minute);
}
