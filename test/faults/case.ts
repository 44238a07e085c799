import { setTimeout as sleep } from 'node:timers/promises';
import { createDraw } from '../../services/traffic/draw.ts';
import type { RoleProcess } from '../support/role-process.ts';
import { checkInvariants } from './invariants.ts';
import type { FaultPoint } from './points.ts';
import type { CaseLedger, Site } from './site.ts';
import { partitions, publish, writeStory } from './story.ts';

export interface CaseResult {
  readonly point: string;
  readonly seed: number;
  /** Whether something really died there; a seed can draw a time that is never reached. */
  readonly died: boolean;
  readonly records: number;
  readonly seconds: number;
  readonly findings: readonly string[];
}

const patienceMs = 120_000;
/** The first learns of the second by its next heartbeat. */
const rebalanceMs = 15_000;

/**
 * Plays one seed: traffic with faults of its own, a death at the point, a restart, more traffic. Then
 * every invariant is checked against what the generator knows to be true.
 */
export async function runCase(site: Site, point: FaultPoint, seed: number): Promise<CaseResult> {
  const began = Date.now();
  const draw = createDraw(seed);
  const scenes = point.needsLoad ? 1_000 + draw.int(300) : 60 + draw.int(120);
  const story = writeStory(seed, scenes);
  const topic = await site.kafka.createTopic({
    name: `faults-${point.name.replaceAll('.', '-')}-${seed}-${began}`,
    partitions,
  });
  await using ledger = await site.openLedger(topic);
  const share = point.needsLoad ? 0.9 : 0.3 + draw.unit() * 0.5;
  const half = Math.floor(story.emissions.length * share);
  await publish(site.kafka, topic, story.emissions.slice(0, half));
  const roles = startRoles(ledger, point, 1 + draw.int(point.timesMax));
  let died = false;
  if (point.dies === 'database') {
    await Promise.all([roles.ingest.ready, roles.project.ready]);
    await sleep(draw.int(700));
    await site.killDatabase();
    died = true;
  }
  const second =
    point.name === 'ingest.rebalance' ? await joinLater(ledger, roles.ingest) : undefined;
  await publish(site.kafka, topic, story.emissions.slice(half));
  if (point.dies === 'ingest' || point.dies === 'project') {
    died = await deathOf(roles[point.dies], ledger, story.emissions.length);
    if (died && second === undefined) roles[point.dies] = ledger.start(point.dies);
  }
  const isDone = await untilShown(ledger, story.emissions.length);
  const findings = isDone
    ? await stopped([roles.ingest, roles.project, ...(second ? [second] : [])], () =>
        checkInvariants(ledger, topic, story, site.database.cluster),
      )
    : [`I1: not everything was shown after ${patienceMs / 1000} s: ${await describe(ledger)}`];
  const seconds = (Date.now() - began) / 1000;
  return { point: point.name, seed, died, records: story.emissions.length, seconds, findings };
}

interface Roles {
  ingest: RoleProcess;
  project: RoleProcess;
}

function startRoles(ledger: CaseLedger, { name, dies }: FaultPoint, time: number): Roles {
  const plan = `${name}:${time}`;
  return {
    ingest: ledger.start('ingest', dies === 'ingest' ? plan : ''),
    project: ledger.start('project', dies === 'project' ? plan : ''),
  };
}

/** A second ingest joins the group once the first has some partitions: they change hands. */
async function joinLater(ledger: CaseLedger, first: RoleProcess): Promise<RoleProcess> {
  await Promise.race([first.ready, first.ended]);
  const second = ledger.start('ingest');
  await Promise.race([first.ended, sleep(rebalanceMs)]);
  return second;
}

/** Waits until the process is killed, or until there is nothing left for it to die of. */
async function deathOf(role: RoleProcess, ledger: CaseLedger, records: number): Promise<boolean> {
  const shown = new AbortController();
  const end = await Promise.race([
    role.ended,
    untilShown(ledger, records, shown.signal).then(() => undefined),
  ]);
  shown.abort();
  return end?.signal === 'SIGKILL';
}

export async function untilShown(
  ledger: CaseLedger,
  records: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline && signal?.aborted !== true) {
    await sleep(150);
    const { shown, behind } = await progress(ledger);
    if (shown >= records && behind === 0) return true;
  }
  return false;
}

interface Progress {
  readonly journaled: number;
  readonly shown: number;
  readonly behind: number;
}

/** Zeros while the database is away. */
async function progress(ledger: CaseLedger): Promise<Progress> {
  try {
    const { rows } = await ledger.pool.query<Progress>(`
      select
        (select coalesce(sum(position), 0)::bigint from journal.logs
          where name like 't/%') as journaled,
        (select coalesce(sum(position), 0)::bigint from views.checkpoint
          where family = 'records' and log like 't/%') as shown,
        (select count(*)::bigint from views.usage_outbox)
          + (select coalesce(sum(l.position - coalesce(c.position, 0)), 0)::bigint
               from journal.logs l
               left join views.checkpoint c on c.family = 'usage' and c.log = l.name
              where l.name like 'usage%') as behind`);
    return rows[0] ?? { journaled: 0, shown: 0, behind: 1 };
  } catch {
    return { journaled: 0, shown: 0, behind: 1 };
  }
}

async function describe(ledger: CaseLedger): Promise<string> {
  const { journaled, shown, behind } = await progress(ledger);
  return `${journaled} journaled, ${shown} shown, usage ${behind} behind`;
}

/** Checks with nothing running that could still change something. */
async function stopped<T>(roles: readonly RoleProcess[], work: () => Promise<T>): Promise<T> {
  await Promise.all(roles.map((role) => role.stop()));
  return await work();
}
