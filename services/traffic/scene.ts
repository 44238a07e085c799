import type { Draw } from './draw.ts';
import type { Population } from './population.ts';
import type { ExpectedCommunication } from './truth.ts';

export type FieldValues = Record<string, string | number | boolean | null>;

/** An event as the switch publishes it. */
export interface TrafficEvent {
  /** For example `call.initiated`. */
  readonly type: string;
  /** When it happened, µs since 1970; also in `values`. */
  readonly at: number;
  readonly values: FieldValues;
}

/** What one scene makes happen: one communication, or several that belong together. */
export interface Scene {
  /** In order of time within each communication. */
  readonly events: TrafficEvent[];
  readonly expected: ExpectedCommunication[];
}

/** Everything a script draws from. */
export interface Stage {
  readonly draw: Draw;
  readonly population: Population;
  /** When the scene begins, µs since 1970. */
  readonly startsAt: number;
  /** Counts scenes from 0; part of every id. */
  readonly index: number;
  readonly seed: number;
  /** ISO country the operator is at home in: decides the zone of a destination. */
  readonly home: string;
}

export type Script = (stage: Stage) => Scene;

const switches = ['edge-lon-1', 'edge-lon-2', 'edge-nyc-1', 'edge-ams-1'];

/** Writes the events of one communication. */
export interface Recorder {
  readonly communicationId: string;
  /** The clock of the story, µs since 1970. */
  now(): number;
  /** Lets time pass. */
  wait(seconds: number): void;
  say(type: string, legId: string | null, facts?: FieldValues): TrafficEvent;
  readonly events: TrafficEvent[];
}

/**
 * @param part tells the communications of one scene apart
 */
export function record(stage: Stage, accountId: string, part = 0): Recorder {
  const { draw, index, startsAt } = stage;
  // UUIDs of version 4: random at the head, the scene's number at the end, so none comes twice.
  const random = draw.hex8() + draw.hex8();
  const stem =
    `${random.slice(0, 8)}-${random.slice(8, 12)}-4${random.slice(12, 15)}` +
    `-8${part}${random.charAt(15)}0-`;
  const tail = index.toString(16).padStart(9, '0');
  const source = draw.pick(switches);
  const communicationId = `${stem}${tail}000`;
  const events: TrafficEvent[] = [];
  let now = startsAt;
  return {
    communicationId,
    events,
    now: () => now,
    wait(seconds) {
      now += Math.max(1, Math.round(seconds * 1_000_000));
    },
    say(type, legId, facts) {
      const values: FieldValues = {
        eventId: `${stem}${tail}${(events.length + 1).toString(16).padStart(3, '0')}`,
        source,
        occurredAt: now,
        communicationId,
        legId,
        accountId,
        ...facts,
      };
      const event = { type, at: now, values };
      events.push(event);
      return event;
    },
  };
}
