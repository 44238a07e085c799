import { loadConfig, createLogger } from '#platform';
import { rebuild as rebuildView } from '#projections';
import { openLedger } from '../../../services/cli/wiring/ledger.ts';
import type { Figure, Measured } from '../figure.ts';
import { progress } from './visible.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** A backlog is brought into the views once; then cdr (with history and quarantine) is made anew. */
export const rebuild: Figure = {
  name: 'rebuild',
  title: 'rebuild of cdr (with history and quarantine, which come out of the same pass)',
  runs: 3,
  async measure(world, { events }): Promise<Measured> {
    const topic = await world.dayTopic(events);
    await using ledger = await world.ledger(topic.name);
    const roles = [await ledger.start('project'), await ledger.start('ingest')];
    for (;;) {
      await sleep(300);
      const { shown, behind } = await progress(ledger);
      if (shown >= topic.records && behind === 0) break;
    }
    for (const role of roles) await role.stop();
    const closers: (() => Promise<void> | void)[] = [];
    const parts = await openLedger({
      config: loadConfig(ledger.env),
      logger: createLogger({ level: 'warn', name: 'bench' }),
      lifecycle: { onStop: (_name, close) => void closers.push(close) },
      name: 'rebuild',
    });
    const { pointers } = await parts.openPointerVault();
    const { pool, journal, schemas } = parts;
    const report = await rebuildView({ pool, journal, schemas, pointers, view: 'cdr' });
    for (const close of closers.toReversed()) await close();
    return { 'events/s': report.events / report.seconds, rows: report.rows };
  },
};
