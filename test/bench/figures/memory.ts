import type { Figure } from '../figure.ts';
import { visible } from './visible.ts';

/** The largest each Node process becomes while two million events wait for it. */
export const memory: Figure = {
  name: 'memory',
  title: 'resident memory while 2,000,000 events behind',
  runs: 1,
  async measure(world, options) {
    const measured = await visible.measure(world, { ...options, events: 2_000_000 });
    return {
      'MiB ingest at most': measured['ingest peak MiB'] ?? Number.NaN,
      'MiB project at most': measured['project peak MiB'] ?? Number.NaN,
      'events/s meanwhile': measured['events/s'] ?? Number.NaN,
    };
  },
};
