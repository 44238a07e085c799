import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { missing } from '../support/requirements.ts';
import type { RoleProcess } from '../support/role-process.ts';
import { sharedKafka } from '../support/shared-kafka.ts';
import { untilShown } from './case.ts';
import { checkInvariants } from './invariants.ts';
import { openSite, type CaseLedger } from './site.ts';
import { partitions, publish, writeStory } from './story.ts';

const kafka = await sharedKafka();
const disk = mountSmallDisk();

/** A file system of its own, or the reason why there is none. */
function mountSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'tollbook-disk-'));
  // The database runs as another user where tests run as root.
  chmodSync(folder, 0o711);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m,mode=711', 'tmpfs', folder], {
      stdio: 'pipe',
    });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    missing('small-disk', 'a file system of a fixed size needs root and mount(8)');
    return undefined;
  }
}

describe.skipIf(kafka === undefined || disk === undefined)('a full disk', () => {
  afterAll(() => {
    if (disk === undefined) return;
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true });
  });

  it('stops the intake with a clear word, and loses nothing', { timeout: 300_000 }, async () => {
    if (kafka === undefined || disk === undefined) throw new Error('should have been skipped');
    await using site = await openSite(disk, kafka);
    const story = writeStory(9, 900);
    const topic = await kafka.createTopic({ partitions });
    await using ledger = await site.openLedger(topic);
    const roles = { ingest: ledger.start('ingest'), project: ledger.start('project') };
    await Promise.all([roles.ingest.ready, roles.project.ready]);
    const ballast = fill(disk);
    await publish(kafka, topic, story.emissions);
    await untilItSaysSo(ledger, roles.ingest);

    truncateSync(ballast, 0);
    if (!(await isUp(ledger))) {
      await site.stopDatabase().catch(() => undefined);
      await site.startDatabase();
    }
    const again = await restartEnded(ledger, roles);
    expect(await untilShown(ledger, story.emissions.length)).toBe(true);
    await Promise.all(again.map((role) => role.stop()));
    expect(await checkInvariants(ledger, topic, story, site.database.cluster)).toEqual([]);
  });
});

/** Leaves half a megabyte. */
function fill(disk: string): string {
  const ballast = join(disk, 'ballast');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - (512 << 10))));
  return ballast;
}

/** Either it halts for want of room, or it waits for a database that has none: both are said. */
async function untilItSaysSo(ledger: CaseLedger, ingest: RoleProcess): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (Date.now() < deadline) {
    const log = readFileSync(join(ledger.dir, 'ingest.log'), 'utf8');
    if (ingest.halted() !== undefined || /no room|full|away|space|unavailable/i.test(log)) return;
    await sleep(200);
  }
  throw new Error('the ingest said nothing of a full disk');
}

async function isUp(ledger: CaseLedger): Promise<boolean> {
  try {
    await ledger.pool.query('select 1');
    return true;
  } catch {
    return false;
  }
}

/** What halted is started again, as the operator would; what waits goes on by itself. */
async function restartEnded(
  ledger: CaseLedger,
  roles: { readonly ingest: RoleProcess; readonly project: RoleProcess },
): Promise<RoleProcess[]> {
  const alive: RoleProcess[] = [];
  for (const role of [roles.ingest, roles.project]) {
    const ended = await Promise.race([role.ended, sleep(3_000).then(() => undefined)]);
    alive.push(ended === undefined ? role : ledger.start(role.role));
  }
  return alive;
}
