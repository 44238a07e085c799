import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeEnvelope } from '#events';
import { listLogs } from '#journal';
import { loadConfig, createLogger } from '#platform';
import { rebuild, usageSums } from '#projections';
import { usageTotals, type ExpectedCommunication, type UsageTotal } from '#traffic';
import { openLedger } from '../../services/cli/wiring/ledger.ts';
import { createIdHasher } from '../../services/ingest/ids/hash.ts';
import type { CaseLedger } from './site.ts';
import { numbersOf, type Story } from './story.ts';

/** Everything that is not as DESIGN's invariants have it; empty when all hold. */
export async function checkInvariants(
  ledger: CaseLedger,
  topic: string,
  story: Story,
  cluster: string,
): Promise<string[]> {
  const findings: string[] = [];
  const closers: (() => Promise<void> | void)[] = [];
  const lifecycle = {
    onStop: (_: string, close: () => Promise<void> | void) => void closers.push(close),
  };
  const logger = createLogger({ level: 'silent', name: 'faults' });
  try {
    const parts = await openLedger({
      config: loadConfig(ledger.env),
      logger,
      lifecycle,
      name: 'check',
    });
    findings.push(...(await checkCoordinates(parts.journal, story)));
    findings.push(...(await checkRecords(ledger, topic, story)));
    findings.push(...(await checkUsage(ledger, story)));
    const { pointers } = await parts.openPointerVault();
    for (const view of ['cdr', 'usage'] as const) {
      const { pool, journal, schemas } = parts;
      const report = await rebuild({ pool, journal, schemas, pointers, view, diff: true });
      const { differing, onlyLive, onlyRebuilt } = report;
      if (differing + onlyLive + onlyRebuilt > 0) {
        findings.push(
          `I4: ${view} rebuilt differs: ${differing} rows, ${onlyLive} only live, ${onlyRebuilt} only rebuilt`,
        );
      }
    }
  } finally {
    for (const close of closers.toReversed()) await close();
  }
  findings.push(...(await checkFiles(ledger, story, cluster)));
  return findings;
}

type Journal = Awaited<ReturnType<typeof openLedger>>['journal'];

/** I1 and I2: each offset of each partition is in the journal, once, to its last part. */
async function checkCoordinates(journal: Journal, story: Story): Promise<string[]> {
  const findings: string[] = [];
  let records = 0;
  let quarantined = 0;
  for (const { log: name } of await listLogs(journal)) {
    if (!name.startsWith('t/')) continue;
    let next = 0;
    for await (const events of journal.readLog(name, 0, 1_000)) {
      for (const event of events) {
        if (event.type === 'record.quarantined') quarantined += 1;
        const { coordinate } = decodeEnvelope(event.meta);
        if (coordinate.offset !== next) {
          findings.push(`I1/I2: ${name} holds offset ${coordinate.offset} where ${next} belongs`);
          return findings;
        }
        if (coordinate.last) next += 1;
      }
    }
    records += next;
  }
  if (records !== story.emissions.length) {
    findings.push(`I1: ${records} of ${story.emissions.length} records are accounted for`);
  }
  if (quarantined !== story.broken) {
    findings.push(`I1: ${quarantined} records in quarantine, ${story.broken} are broken`);
  }
  return findings;
}

interface CdrColumns {
  readonly id: string;
  readonly kind: string;
  readonly direction: string;
  readonly status: string;
  readonly account_id: string;
  readonly started_at: number;
  readonly answered_at: number | null;
  readonly ended_at: number | null;
  readonly hold_ms: number | null;
  readonly billable_seconds: number;
  readonly segments: number | null;
  readonly disposition: string;
  readonly prefix: string | null;
  readonly zone: string | null;
  readonly conflicts: number;
}

/** I2: one record for each communication, saying what happened; each conflict visible. */
async function checkRecords(ledger: CaseLedger, topic: string, story: Story): Promise<string[]> {
  const { rows } = await ledger.pool.query<CdrColumns>('select * from views.cdr');
  const byId = new Map(rows.map((row) => [row.id.replaceAll('-', ''), row]));
  const ids = createIdHasher('communication', topic);
  const findings: string[] = [];
  for (const expected of story.expected) {
    const id = expected.communicationIds
      .map((native) => Buffer.from(ids.hash(native)).toString('hex'))
      .toSorted()[0];
    const row = byId.get(id ?? '');
    if (row === undefined) findings.push(`I1: no record of ${id}`);
    else findings.push(...compare(expected, row));
  }
  if (rows.length !== story.expected.length) {
    findings.push(`I2: ${rows.length} records, ${story.expected.length} communications`);
  }
  const conflicts = rows.reduce((sum, row) => sum + row.conflicts, 0);
  if (conflicts !== story.conflicts) {
    findings.push(`I2: ${conflicts} conflicts are visible, ${story.conflicts} were sent`);
  }
  return findings;
}

function compare(expected: ExpectedCommunication, row: CdrColumns): string[] {
  const isOpen = expected.endedAt === undefined;
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['kind', row.kind, expected.kind],
    ['direction', row.direction, expected.direction],
    ['status', row.status === 'timed_out' ? 'open' : row.status, isOpen ? 'open' : 'final'],
    ['account', row.account_id, expected.accountId],
    ['start', row.started_at, expected.startedAt],
    ['answer', row.answered_at ?? undefined, expected.answeredAt],
    ['end', isOpen ? undefined : (row.ended_at ?? undefined), expected.endedAt],
    ['hold', isOpen ? 0 : (row.hold_ms ?? 0), expected.holdMs],
    ['seconds', isOpen ? 0 : row.billable_seconds, expected.billableSeconds],
    ['segments', row.segments ?? 0, expected.segments],
    ['disposition', row.disposition, expected.disposition],
    ['prefix', row.prefix ?? '', expected.destination.prefix],
    ['zone', row.zone ?? '', expected.destination.zone],
  ];
  return pairs
    .filter(([, is, should]) => is !== should)
    .map(([name, is, should]) => `I2: ${row.kind} ${row.id} has ${name} ${is}, not ${should}`);
}

async function checkUsage(ledger: CaseLedger, story: Story): Promise<string[]> {
  const wanted = usageTotals(story.expected);
  const sums = await usageSums(ledger.pool, { from: 0, to: 1_000_000 });
  const found = new Map<string, UsageTotal>();
  for (const { accountId, day, direction, kind, prefix, zone, ...total } of sums) {
    if (total.count === 0) continue;
    found.set([accountId, day, direction, kind, prefix ?? '', zone ?? ''].join(' '), total);
  }
  const findings: string[] = [];
  for (const key of new Set([...wanted.keys(), ...found.keys()])) {
    const a = wanted.get(key);
    const b = found.get(key);
    const isSame =
      a?.count === b?.count && a?.seconds === b?.seconds && a?.segments === b?.segments;
    if (!isSame) findings.push(`I2: usage of ${key} is ${text(b)}, not ${text(a)}`);
  }
  return findings;
}

function text(total: UsageTotal | undefined): string {
  if (total === undefined) return 'nothing';
  return `${total.count} × (${total.seconds} s, ${total.segments} segments)`;
}

/** I8: no number stands in any file of the database, the data folder or the logs. */
export async function checkFiles(
  ledger: CaseLedger,
  story: Story,
  cluster: string,
): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'tollbook-numbers-'));
  const list = join(dir, 'numbers');
  writeFileSync(
    list,
    numbersOf(story)
      .map((number) => `${number}\n`)
      .join(''),
  );
  try {
    const found = await new Promise<string>((resolve, reject) => {
      execFile('grep', ['-rlaF', '-f', list, cluster, ledger.dir], (error, stdout) => {
        // 1: nothing found; 2 with files that vanished meanwhile is no finding either.
        if (error !== null && error.code !== 1 && error.code !== 2) reject(error);
        else resolve(stdout);
      });
    });
    return found
      .split('\n')
      .filter(Boolean)
      .map((file) => `I8: a number stands in ${file}`);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
