import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { describe, expect, it } from 'vitest';
import {
  createPopulation,
  createTraffic,
  jsonLine,
  noFaults,
  usageTotals,
  usualFaults,
  type Emission,
  type ExpectedCommunication,
  type TrafficOptions,
} from '#traffic';
import { mix } from '../../services/traffic/scenes/index.ts';

const monday = Date.UTC(2026, 10, 16) / 1000;
const population = createPopulation({ accounts: 50, outsiders: 5_000 });

function options(changes: Partial<TrafficOptions> = {}): TrafficOptions {
  return {
    seed: 11,
    stretches: [{ fromSecond: monday, firstScene: 0, perSecond: 2 }],
    depth: 1,
    population,
    faults: noFaults,
    home: 'GB',
    scenesMax: 4_000,
    ...changes,
  };
}

/** Everything the traffic gives out, read in steps of `step` seconds. */
function play(changes: Partial<TrafficOptions> = {}, step = 60): Emission[] {
  const traffic = createTraffic(options(changes));
  const all: Emission[] = [];
  for (let us = monday * 1e6; !traffic.isOver(); us += step * 1e6) all.push(...traffic.until(us));
  return all;
}

function truth(changes: Partial<TrafficOptions> = {}): ExpectedCommunication[] {
  const expected: ExpectedCommunication[] = [];
  play({ ...changes, onExpected: (each) => expected.push(each) });
  return expected;
}

const lines = (emissions: readonly Emission[]): string[] => emissions.map(jsonLine);

describe('the traffic generator', () => {
  it('gives the same records for the same seed, however it is read', () => {
    const first = lines(play({ faults: usualFaults }));
    expect(lines(play({ faults: usualFaults }, 7))).toEqual(first);
    expect(lines(play({ faults: usualFaults, seed: 12 }))).not.toEqual(first);
  });

  it('goes on after a restart with exactly the records that were still due', () => {
    const all = play({ faults: usualFaults });
    const publishedUntil = (monday + 600) * 1e6 + 123;
    const rest = all.filter(({ at }) => at > publishedUntil);
    expect(lines(play({ faults: usualFaults, publishedUntil }))).toEqual(lines(rest));
  });

  it('publishes in order of time, and in order within each communication', () => {
    const last = new Map<string, number>();
    let clock = 0;
    for (const { at, event, key } of play()) {
      expect(at).toBeGreaterThanOrEqual(clock);
      clock = at;
      expect(event.at).toBeGreaterThan(last.get(key) ?? 0);
      last.set(key, event.at);
    }
  });

  it('keeps to its mix: about 4.5 events and 2 numbers a communication', () => {
    const expected = truth({ scenesMax: 20_000 });
    const sum = (of: (each: ExpectedCommunication) => number): number =>
      expected.reduce((total, each) => total + of(each), 0);
    const communications = sum((each) => each.communicationIds.length);
    expect(sum((each) => each.events) / communications).toBeCloseTo(4.5, 0.5);
    expect(sum((each) => each.numbers.length) / communications).toBeGreaterThan(1.7);
    expect(sum((each) => each.numbers.length) / communications).toBeLessThan(2.2);
    expect(mix.reduce((total, [weight]) => total + weight, 0)).toBe(1000);
  });

  it('follows the day: the busy hour has many times the calls of the night', () => {
    const hours = new Map<number, number>();
    for (const { startedAt } of truth({ scenesMax: 150_000 })) {
      const hour = Math.floor((startedAt / 1e6 - monday) / 3600);
      hours.set(hour, (hours.get(hour) ?? 0) + 1);
    }
    expect(hours.get(10) ?? 0).toBeGreaterThan(10 * (hours.get(3) ?? 0));
  });

  it('uses only numbers that belong to nobody, all of them possible ones', () => {
    const reserved =
      /^\+(44(7700900|1632960|2079460|1\d{2}4960|1914980|292018)\d+|1\d{3}555\d{4}|33(19900|26191|35301|46571|53649|63998)\d{4}|61[2378](5550|7010)\d{4}|3532091\d{5})$/;
    const numbers = new Set(truth().flatMap((each) => each.numbers));
    expect(numbers.size).toBeGreaterThan(1_000);
    for (const number of numbers) {
      if (!number.startsWith('+')) continue;
      expect(number).toMatch(reserved);
      expect(parsePhoneNumberFromString(number)?.isPossible()).toBe(true);
    }
  });

  it('names each party once, on the event that introduces it', () => {
    const introduced = new Map<string, number>();
    for (const { event, key } of play()) {
      if (event.values['callerNumber'] === undefined) continue;
      introduced.set(key, (introduced.get(key) ?? 0) + 1);
    }
    expect(new Set(introduced.values())).toEqual(new Set([1]));
  });

  it('never gives one id to two events', () => {
    const ids = play().map(({ event }) => event.values['eventId']);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has conversations: the same two numbers write to each other many times', () => {
    const pairs = new Map<string, number>();
    for (const each of truth({ scenesMax: 20_000 })) {
      if (each.kind !== 'sms' || each.numbers.length < 2) continue;
      const pair = each.numbers.toSorted().join();
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    const mean = [...pairs.values()].reduce((sum, count) => sum + count, 0) / pairs.size;
    expect(mean).toBeGreaterThan(2);
  });

  it('adds repeats byte for byte, conflicts under a known id, and broken records beside good ones', () => {
    const faults = { repeats: 0.05, late: 0.02, outOfOrder: 0.05, conflicts: 0.02, broken: 0.02 };
    const clean = new Set(lines(play()));
    const emissions = play({ faults });
    const first = new Map<unknown, string>();
    const counts = new Map<string, number>();
    for (const emission of emissions) {
      const { what, event } = emission;
      counts.set(what, (counts.get(what) ?? 0) + 1);
      const line = jsonLine(emission);
      const earlier = first.get(event.values['eventId']);
      if (what === 'event') {
        expect(clean.has(line)).toBe(true);
        first.set(event.values['eventId'], line);
      } else if (what === 'repeat') expect(clean.has(line)).toBe(true);
      else if (what === 'conflict') expect(earlier).not.toBe(line);
      else expect(earlier).toBeUndefined();
    }
    expect(counts.get('event')).toBe(clean.size);
    for (const what of ['repeat', 'conflict', 'broken'])
      expect(counts.get(what)).toBeGreaterThan(50);
  });

  it('sums the usage of what it made happen', () => {
    const expected = truth();
    const totals = [...usageTotals(expected).values()];
    const counted = totals.reduce((sum, { count }) => sum + count, 0);
    const open = expected.filter(({ kind, endedAt }) => kind !== 'sms' && endedAt === undefined);
    expect(counted).toBe(expected.length - open.length);
    expect(open.length).toBeGreaterThan(0);
  });
});
