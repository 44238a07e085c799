import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { createTokenStore } from '#api';
import type { Api, Role } from '#api';
import type { Intake } from '#ingest';
import { createLogger, createMetrics, loadConfig } from '#platform';
import type { Logger, Metrics } from '#platform';
import { startProjections } from '#projections';
import type { Vault } from '#vault';
import { dataFolder, makeDataFolder } from '../../../services/cli/place.ts';
import { prepareLedger } from '../../../services/cli/up/prepare.ts';
import { wireApi } from '../../../services/cli/wiring/api.ts';
import { openIngest } from '../../../services/cli/wiring/ingest.ts';
import { openLedger } from '../../../services/cli/wiring/ledger.ts';
import type { Ledger } from '../../../services/cli/wiring/ledger.ts';
import { freshDatabase } from '#test/support/postgres.ts';

/** The whole ledger in this process, as the roles wire it, on a database of its own. */
export interface House {
  readonly api: Api;
  readonly ledger: Ledger;
  readonly vault: Vault;
  readonly intake: Intake;
  readonly metrics: Metrics;
  readonly folder: string;
  /** A token of every role; `account` sees `acme`, `stranger` sees `other`. */
  readonly tokens: Readonly<Record<Role | 'stranger', string>>;
  /** Everything that was logged, as text. */
  logged(): string;
  /** As the role, or without a token. */
  ask(role: Role | 'stranger' | 'nobody', request: InjectOptions): Promise<LightMyRequestResponse>;
  /** Hands events in as source `edge-1` and waits until they are in the views. */
  tell(events: readonly object[]): Promise<{ eventId: string; communicationId: string }[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openHouse(env: Readonly<Record<string, string>> = {}): Promise<House> {
  const database = await freshDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'tollbook-house-'));
  const config = loadConfig({
    TOLLBOOK_DATA: join(folder, 'data'),
    TOLLBOOK_DATABASE: database.url,
    ...env,
  });
  await makeDataFolder(dataFolder(config.data));
  await prepareLedger({ pool: database.pool, config, say: () => undefined });
  const tokens = await mintTokens(dataFolder(config.data).tokens);
  const closers: (() => Promise<void> | void)[] = [];
  const lifecycle = {
    onStop: (_name: string, close: () => Promise<void> | void) => void closers.push(close),
  };
  const { logger, logged } = keepingLogger();
  const metrics = createMetrics('test');
  const ledger = await openLedger({ config, logger, lifecycle, name: 'test' });
  const vault = await ledger.openVault();
  const { ingest, settings } = await openIngest(ledger, vault, metrics);
  const intake = await ingest.openIntake('test');
  lifecycle.onStop('intake', () => intake.close());
  const projections = await startProjections({ ...ledger, pointers: vault.pointers, metrics });
  lifecycle.onStop('projections', () => projections.stop());
  const api = await wireApi({ ledger, vault, ingest, settings, intake, metrics });
  lifecycle.onStop('api', () => api.close());

  const ask: House['ask'] = (role, request) =>
    api.inject({
      ...request,
      headers: {
        ...request.headers,
        ...(role === 'nobody' ? {} : { authorization: `Bearer ${tokens[role]}` }),
      },
    });
  return {
    api,
    ledger,
    vault,
    intake,
    metrics,
    folder,
    tokens,
    logged,
    ask,
    async tell(events) {
      const answer = await ask('switch', {
        method: 'POST',
        url: '/v1/events',
        payload: [...events],
      });
      if (answer.statusCode !== 200)
        throw new Error(`the intake answered ${answer.statusCode}: ${answer.body}`);
      await untilCaughtUp(ask);
      const body: { events: { eventId: string; communicationId: string }[] } = answer.json();
      return body.events;
    },
    async [Symbol.asyncDispose]() {
      for (const close of closers.toReversed()) await close();
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function mintTokens(file: string): Promise<House['tokens']> {
  const store = createTokenStore(file);
  const mint = async (
    role: Role,
    more: { accountId?: string; source?: string } = {},
    name: string = role,
  ) => (await store.create({ name, role, ...more })).secret;
  return {
    operator: await mint('operator', { source: 'local' }),
    agent: await mint('agent'),
    auditor: await mint('auditor'),
    account: await mint('account', { accountId: 'acme' }),
    stranger: await mint('account', { accountId: 'other' }, 'stranger'),
    switch: await mint('switch', { source: 'edge-1' }),
  };
}

function keepingLogger(): { logger: Logger; logged: () => string } {
  const chunks: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString('utf8'));
      done();
    },
  });
  return {
    logger: createLogger({ level: 'trace', name: 'test', destination }),
    logged: () => chunks.join(''),
  };
}

async function untilCaughtUp(ask: House['ask']): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const status: { views: { lagEvents: number }[] } = (
      await ask('operator', { method: 'GET', url: '/v1/status' })
    ).json();
    // The status is asked for at most once a second; a lag of nothing may be an old one.
    await new Promise((resolve) => setTimeout(resolve, tries === 0 ? 1_000 : 100));
    if (
      tries > 0 &&
      status.views.length > 0 &&
      status.views.every(({ lagEvents }) => lagEvents === 0)
    )
      return;
  }
  throw new Error('the views did not catch up');
}
