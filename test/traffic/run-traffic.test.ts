import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '#platform';
import { noFaults, runTraffic, TrafficError, type Emission, type RunTraffic } from '#traffic';

const began = Date.UTC(2026, 10, 16, 9) * 1000;
const second = 1_000_000;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollbook-traffic-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs with a clock that jumps a minute a look, until it has looked `looks` times. */
async function run(
  looks: number,
  from: number,
  changes: Partial<RunTraffic> = {},
): Promise<Emission[]> {
  const published: Emission[] = [];
  const stop = new AbortController();
  let looked = 0;
  const now = (): number => {
    looked += 1;
    if (looked > looks) stop.abort();
    return from + Math.min(looked, looks) * 60 * second;
  };
  await runTraffic({
    publisher: {
      name: 'a list',
      publish: async (records) => void published.push(...records),
      [Symbol.asyncDispose]: async () => {},
    },
    rate: 20,
    seed: 5,
    home: 'GB',
    stateFile: join(folder, 'state.json'),
    clock: { now },
    logger: createLogger({ level: 'silent', name: 'test' }),
    signal: stop.signal,
    faults: noFaults,
    ...changes,
  });
  return published;
}

const ids = (records: readonly Emission[]): unknown[] =>
  records.map(({ event }) => event.values['eventId']);

describe('the running traffic', () => {
  it('begins with the last minutes, so that there is something to see at once', async () => {
    const records = await run(2, began);
    expect(records.length).toBeGreaterThan(1_000);
    expect(records.some(({ event }) => event.type === 'call.ended')).toBe(true);
  });

  it('goes on after a stop without a gap and without a repeat', async () => {
    const whole = await run(4, began);
    await rm(join(folder, 'state.json'));
    const parts = [...(await run(2, began)), ...(await run(2, began + 120 * second))];
    expect(ids(parts)).toEqual(ids(whole));
  });

  it('ends the calls that were going on when it was stopped for long', async () => {
    const before = await run(2, began);
    const after = await run(2, began + 3600 * second);
    const open = new Set(before.map(({ key }) => key));
    const continued = after.filter(({ key }) => open.has(key));
    expect(continued.some(({ event }) => event.type === 'call.ended')).toBe(true);
    const starts = after.filter(({ event }) => event.type === 'call.initiated');
    const early = starts.filter(({ at }) => at < began + 3000 * second);
    expect(early.length).toBeLessThan(10);
    expect(starts.length).toBeGreaterThan(100);
    expect(new Set(ids([...before, ...after])).size).toBe(before.length + after.length);
  });

  it('waits while the other side is away, and loses nothing', async () => {
    const published: Emission[] = [];
    let fails = 3;
    await run(2, began, {
      publisher: {
        name: 'a list',
        async publish(records) {
          fails -= 1;
          if (fails > 0) throw new TrafficError('away', 'not now', { retryAfterMs: 1 });
          published.push(...records);
        },
        [Symbol.asyncDispose]: async () => {},
      },
    });
    await rm(join(folder, 'state.json'));
    expect(ids(published)).toEqual(ids(await run(2, began)));
  });

  it('ends with a sentence when it is refused, or its state is damaged', async () => {
    const publisher = {
      name: 'a door',
      publish: () => Promise.reject(new TrafficError('refused', 'no')),
      [Symbol.asyncDispose]: async () => {},
    };
    await expect(run(2, began, { publisher })).rejects.toMatchObject({ code: 'refused' });
    await writeFile(join(folder, 'state.json'), '{"version":');
    await expect(run(1, began)).rejects.toMatchObject({ code: 'bad_state' });
  });

  it('keeps no number and no id of a call in its state', async () => {
    const records = await run(3, began);
    const text = await readFile(join(folder, 'state.json'), 'utf8');
    for (const { event, key } of records) {
      expect(text).not.toContain(key);
      for (const name of ['callerNumber', 'calleeNumber', 'senderNumber']) {
        const number = event.values[name];
        if (typeof number === 'string' && number.length > 6) expect(text).not.toContain(number);
      }
    }
  });
});
