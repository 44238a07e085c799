import { randomBytes } from 'node:crypto';
import { openLog } from '#journal';
import { createPostgresJournal } from '#journal/postgres';
import { createLogger, systemClock, loadConfig } from '#platform';
import { createPopulation } from '#traffic';
import { createVault, type Identifier, type SealRequest } from '#vault';
import { createKeyFileCustodian } from '#vault/custodian';
import { loadSchemas } from '#events';
import { createVaultDecisions } from '../../../services/cli/wiring/decisions.ts';
import { createDraw } from '../../../services/traffic/draw.ts';
import type { Figure, Measured } from '../figure.ts';
import { accounts, outsiders } from '../topic.ts';
import type { World } from '../world.ts';

const slice = 1_000;
const slices = 300;

/** Durable appends alone: four logs at a time, slices of a thousand events as ingest makes them. */
export const append: Figure = {
  name: 'append',
  title: 'append alone (4 logs, slices of 1,000 events of 300 bytes, fsync on)',
  runs: 3,
  async measure(world): Promise<Measured> {
    await using ledger = await world.ledger('bench');
    const journal = await createPostgresJournal({ pool: ledger.pool });
    const logs = [0, 1, 2, 3].map((at) => `t/bench/0/${at}`);
    for (const log of logs) await openLog(journal, log);
    const data = randomBytes(100);
    const meta = randomBytes(200);
    const began = performance.now();
    await Promise.all(
      logs.map(async (log) => {
        for (let at = 0; at < slices / logs.length; at += 1) {
          const events = Array.from({ length: slice }, (_, place) => ({
            id: randomBytes(16),
            type: 'call.initiated',
            data,
            meta,
            resume: at * slice + place + 1,
          }));
          await journal.append(log, events, at * slice);
        }
      }),
    );
    return { 'events/s': (slices * slice) / ((performance.now() - began) / 1000) };
  },
};

/** Sealing alone: two numbers an event, drawn as the day draws them; new slots are durable. */
export const seal: Figure = {
  name: 'seal',
  title: 'seal alone (2 boxes an event; first sightings among them)',
  runs: 3,
  async measure(world): Promise<Measured> {
    const chacha = await sealWith(world, 'xchacha20-poly1305');
    const aes = await sealWith(world, 'aes-256-gcm');
    return {
      'sealed events/s (XChaCha20-Poly1305)': chacha,
      'boxes/s (XChaCha20-Poly1305)': chacha * 2,
      'sealed events/s (AES-256-GCM)': aes,
      'boxes/s (AES-256-GCM)': aes * 2,
    };
  },
};

const sealed = 100_000;

async function sealWith(
  world: World,
  suite: 'xchacha20-poly1305' | 'aes-256-gcm',
): Promise<number> {
  await using ledger = await world.ledger('bench');
  const config = loadConfig(ledger.env);
  const logger = createLogger({ level: 'warn', name: 'bench' });
  const journal = await createPostgresJournal({ pool: ledger.pool });
  const decisions = createVaultDecisions(journal, await loadSchemas(), systemClock);
  const vault = await createVault({
    pool: ledger.pool,
    custodian: await createKeyFileCustodian({ folder: config.root, outside: config.data }),
    decisions,
    clock: systemClock,
    logger,
    recordAccess: decisions.recordAccess,
    suite,
  });
  const requests = sealRequests();
  const began = performance.now();
  for (let at = 0; at < requests.length; at += slice) {
    await vault.sealer.seal(requests.slice(at, at + slice));
  }
  const seconds = (performance.now() - began) / 1000;
  await vault.close();
  return requests.length / seconds;
}

function sealRequests(): SealRequest[] {
  const draw = createDraw(3);
  const population = createPopulation({ accounts, outsiders });
  const identifier = (value: string): Identifier => ({
    namespace: 'tel',
    scope: '',
    value,
    key: `tel\0\0${value}`,
  });
  const fingerprint = randomBytes(8);
  const now = Date.now() * 1000;
  const month = (new Date().getUTCFullYear() - 1970) * 12 + new Date().getUTCMonth();
  const plaintext = Buffer.alloc(48, 7);
  return Array.from({ length: sealed }, () => {
    const account = population.account(draw);
    const box = (party: string, number: string) => ({
      party,
      category: 'traffic' as const,
      identifiers: [identifier(number)],
      plaintext,
    });
    return {
      eventId: randomBytes(16),
      type: 'call.initiated',
      fingerprint,
      domain: { controller: 'operator', retentionClass: 'cpaas-eu' },
      month,
      accountId: account.id,
      occurredAt: now,
      boxes: [box('caller', account.own(draw).e164), box('callee', population.outsider(draw).e164)],
    };
  });
}
