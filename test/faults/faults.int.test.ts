import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedKafka } from '../support/shared-kafka.ts';
import { runCase } from './case.ts';
import { points } from './points.ts';
import { openSite, type Site } from './site.ts';

const kafka = await sharedKafka();

/** A fixed sample; `npm run faults -- --seeds A..B` plays as many as one likes. */
const sample: readonly (readonly [string, number])[] = [
  ['ingest.after_append', 1],
  ['vault.keys.inserted', 1],
  ['projections.mid_projection', 1],
  ['projections.usage_appended', 1],
  ['database', 1],
];

describe.skipIf(kafka === undefined)('kill -9 at a named point', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tollbook-faults-'));
  let site: Site | undefined;

  beforeAll(async () => {
    if (kafka !== undefined) site = await openSite(dir, kafka);
  });
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  });

  it.each(sample)(
    'at %s (seed %i) loses nothing, doubles nothing and shows nothing',
    { timeout: 240_000 },
    async (name, seed) => {
      const point = points.find((each) => each.name === name);
      if (site === undefined || point === undefined) throw new Error(`no point ${name}`);
      const result = await runCase(site, point, seed);
      expect(result.findings).toEqual([]);
      expect(result.died).toBe(true);
    },
  );
});
