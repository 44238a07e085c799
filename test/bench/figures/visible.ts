import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { treeCpuSeconds, usageOf } from '../cpu.ts';
import type { BenchOptions, Figure, Measured } from '../figure.ts';
import type { TestLedger } from '../../support/ledger.ts';
import type { RoleProcess } from '../../support/role-process.ts';
import type { BenchTopic, World } from '../world.ts';

/** Kafka to visible with everything on: a backlog is there, the roles start, all views show all of it. */
export const visible: Figure = {
  name: 'visible',
  title: 'Kafka → visible in all three views',
  runs: 3,
  measure: (world, options) => drain(world, options, {}),
};

/** The same with a sealer that seals nothing: what privacy costs. Never a setting of the product. */
export const unsealed: Figure = {
  name: 'unsealed',
  title: 'the same with sealing off (a build of the bench alone)',
  runs: 3,
  measure: (world, options) => drain(world, options, { unsealed: true }),
};

/** Kafka to journal alone: ingest without views. */
export const journaled: Figure = {
  name: 'journaled',
  title: 'Kafka → journal (ingest alone)',
  runs: 3,
  measure: (world, options) => drain(world, options, { ingestOnly: true }),
};

interface Shape {
  readonly unsealed?: boolean;
  readonly ingestOnly?: boolean;
}

const programs = join(import.meta.dirname, '..', 'unsealed');

async function drain(world: World, options: BenchOptions, shape: Shape): Promise<Measured> {
  const topic = await world.dayTopic(options.events);
  await using ledger = await world.ledger(topic.name);
  const nodeArgs =
    options.profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profileDir}`];
  const program = (role: string): { program?: readonly string[] } =>
    shape.unsealed === true ? { program: [join(programs, `${role}.ts`)] } : {};
  const roles: RoleProcess[] = [];
  if (shape.ingestOnly !== true) {
    roles.push(await ledger.start('project', { nodeArgs, ...program('project') }));
  }
  const before = cpuOf(world, ledger, roles);
  roles.push(await ledger.start('ingest', { nodeArgs, ...program('ingest') }));
  const peak = await untilDone(ledger, topic, roles, shape);
  const used = cpuOf(world, ledger, roles);
  const seconds = await secondsTaken(ledger, shape);
  const communications = await countCommunications(ledger, shape);
  for (const role of roles) await role.stop();
  const perEvent = (name: keyof typeof used): number =>
    ((used[name] - before[name]) / topic.records) * 1e6;
  return {
    'events/s': topic.records / seconds,
    'communications/s': communications / seconds,
    'ingest µs/event': perEvent('ingest'),
    'project µs/event': perEvent('project'),
    'database µs/event': perEvent('database'),
    'broker µs/event': perEvent('broker'),
    'ingest peak MiB': peak.get('ingest') ?? 0,
    'project peak MiB': peak.get('project') ?? 0,
  };
}

function cpuOf(
  world: World,
  ledger: TestLedger,
  roles: readonly RoleProcess[],
): { ingest: number; project: number; database: number; broker: number } {
  const of = (name: string): number =>
    usageOf(roles.find(({ role }) => role === name)?.pid ?? 0).cpuSeconds;
  return {
    ingest: of('ingest'),
    project: of('project'),
    database: treeCpuSeconds(ledger.database().pid),
    broker: usageOf(world.kafka.broker.pid() ?? 0).cpuSeconds,
  };
}

/** Looks five times a second, and watches that nobody died. */
async function untilDone(
  ledger: TestLedger,
  topic: BenchTopic,
  roles: readonly RoleProcess[],
  shape: Shape,
): Promise<Map<string, number>> {
  const peak = new Map<string, number>();
  const dead: string[] = [];
  for (const role of roles) void role.ended.then(() => dead.push(role.role));
  for (;;) {
    await sleep(200);
    for (const { role, pid } of roles) peak.set(role, usageOf(pid).peakMb);
    if (dead.length > 0) throw new Error(`${dead.join()} ended in mid-bench, see ${ledger.dir}`);
    const { journaled: inJournal, shown, behind } = await progress(ledger);
    if (inJournal < topic.records) continue;
    if (shape.ingestOnly === true || (shown >= topic.records && behind === 0)) return peak;
  }
}

interface Progress {
  readonly journaled: number;
  readonly shown: number;
  /** What the usage view has not taken in yet: entries in the outbox, and events of its log. */
  readonly behind: number;
}

export async function progress(ledger: TestLedger): Promise<Progress> {
  const { rows } = await ledger.pool.query<Progress>(`
    select
      (select coalesce(sum(position), 0)::bigint from journal.logs where name like 't/%') as journaled,
      (select coalesce(sum(position), 0)::bigint from views.checkpoint
        where family = 'records' and log like 't/%') as shown,
      (select count(*)::bigint from views.usage_outbox)
        + (select coalesce(sum(l.position - coalesce(c.position, 0)), 0)::bigint
             from journal.logs l
             left join views.checkpoint c on c.family = 'usage' and c.log = l.name
            where l.name like 'usage%') as behind`);
  return rows[0] ?? { journaled: 0, shown: 0, behind: 0 };
}

/** From the first slice in the journal to the last thing that became visible, by the store's clock. */
async function secondsTaken(ledger: TestLedger, shape: Shape): Promise<number> {
  const until =
    shape.ingestOnly === true ? 'max(s.recorded_at)' : '(extract(epoch from now()) * 1e6)';
  const { rows } = await ledger.pool.query<{ seconds: number }>(`
    select ((${until}) - min(s.recorded_at)::float8) / 1e6 as seconds
      from journal.slices s join journal.logs l on l.id = s.log_id where l.name like 't/%'`);
  return Number(rows[0]?.seconds ?? Number.NaN);
}

async function countCommunications(ledger: TestLedger, shape: Shape): Promise<number> {
  if (shape.ingestOnly === true) return 0;
  const { rows } = await ledger.pool.query<{ n: number }>(
    'select count(*)::bigint as n from views.cdr',
  );
  return rows[0]?.n ?? 0;
}
