import { scenesOf, type Stretch } from './arrivals.ts';
import { createDraw } from './draw.ts';
import { emit, type Emission, type Faults } from './faults.ts';
import type { Population } from './population.ts';
import type { Scene, Stage } from './scene.ts';
import { scriptFor } from './scenes/index.ts';
import type { ExpectedCommunication } from './truth.ts';

export interface TrafficOptions {
  readonly seed: number;
  /** In order of time, without overlap; the first says when the traffic begins. */
  readonly stretches: readonly Stretch[];
  /** How much of the daily curve shows, 0 to 1. */
  readonly depth: number;
  readonly population: Population;
  readonly faults: Faults;
  /** ISO country the operator is at home in. */
  readonly home: string;
  /** Records up to here (µs) were published before: only what comes after is given out. */
  readonly publishedUntil?: number;
  /** Told each communication as its scene begins; tests keep what they compare with. */
  readonly onExpected?: (expected: ExpectedCommunication) => void;
  /** Another cast of scenes than the usual day. */
  readonly play?: (stage: Stage) => Scene;
  /** No scene begins after so many. */
  readonly scenesMax?: number;
}

/** A stream of records, the same for the same options whenever and however it is read. */
export interface Traffic {
  /** The records that are due up to `us` (µs since 1970) and were not given out yet, in order. */
  until(us: number): Emission[];
  /** Whether nothing more will ever come. */
  isOver(): boolean;
  /** Until when records were given out. */
  position(): number;
}

const usPerSecond = 1_000_000;

export function createTraffic(options: TrafficOptions): Traffic {
  const { stretches, publishedUntil = 0, scenesMax = Number.POSITIVE_INFINITY } = options;
  const play = options.play ?? ((stage: Stage): Scene => scriptFor(stage.draw)(stage));
  const draw = createDraw();
  /** Records by the second they are due in. */
  const due = new Map<number, Emission[]>();
  let second = stretches[0]?.visibleFrom ?? stretches[0]?.fromSecond ?? 0;
  let opened = false;
  let current: Emission[] = [];
  let given = 0;
  let scenes = 0;
  let reached = second * usPerSecond;

  const playScene = (index: number, startsAt: number): void => {
    const { seed, population, home } = options;
    const scene = play({ draw, population, startsAt, index, home, seed });
    for (const expected of scene.expected) options.onExpected?.(expected);
    for (const event of scene.events) {
      const key = String(event.values['communicationId']);
      for (const emission of emit(draw, event, key, options.faults)) schedule(emission);
    }
  };
  const schedule = (emission: Emission): void => {
    if (emission.at <= publishedUntil) return;
    const at = Math.floor(emission.at / usPerSecond);
    const list = due.get(at);
    if (list === undefined) due.set(at, [emission]);
    else list.push(emission);
  };
  const open = (): void => {
    const stretch = stretches.findLast((each) => each.fromSecond <= second);
    if (stretch !== undefined && scenes < scenesMax) {
      const { first, end } = scenesOf(stretch, second, options.depth);
      for (let index = first; index < end && scenes < scenesMax; index += 1) {
        draw.reseed(options.seed, index);
        playScene(index, second * usPerSecond + draw.int(usPerSecond));
        scenes += 1;
      }
    }
    current = (due.get(second) ?? []).toSorted((a, b) => a.at - b.at);
    due.delete(second);
    given = 0;
    opened = true;
  };
  const takeCurrent = (us: number): Emission[] => {
    let end = given;
    while (end < current.length && (current[end]?.at ?? 0) <= us) end += 1;
    const taken = current.slice(given, end);
    given = end;
    return taken;
  };

  return {
    until(us) {
      const out: Emission[] = [];
      while (second * usPerSecond <= us) {
        if (!opened) open();
        const taken = takeCurrent(us);
        for (const emission of taken) out.push(emission);
        if ((second + 1) * usPerSecond > us) break;
        second += 1;
        opened = false;
      }
      reached = Math.max(reached, us);
      return out;
    },
    isOver() {
      const last = stretches.at(-1);
      const beginning = scenes < scenesMax && last !== undefined && last.perSecond > 0;
      return (
        !beginning &&
        second >= (last?.fromSecond ?? 0) &&
        due.size === 0 &&
        given === current.length
      );
    },
    position: () => reached,
  };
}
