import type { StoredEvent } from '#events';
import { factNumber, factText } from '#events';
import type { Client } from '#platform';

/** One event of a quarantined record's life: put away, or tried again. */
export interface QuarantineEvent {
  readonly logNo: number;
  readonly event: StoredEvent;
}

/** Few enough to go one by one. A second reading of the same events changes nothing. */
export async function writeQuarantine(
  client: Client,
  schema: string,
  events: readonly QuarantineEvent[],
): Promise<void> {
  for (const { logNo, event } of events) {
    const { facts } = event;
    const sealed = facts['sealed'];
    await client.query({
      name: `${schema} quarantine`,
      text: `insert into ${schema}.quarantine (log_no, position, event_id, type, quarantined_id, at, source, account_id,
                                               reason, format, detail, size, sealed, attempt, outcome)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             on conflict do nothing`,
      values: [
        logNo,
        event.position,
        facts.eventId,
        event.type,
        factText(facts, 'quarantinedId') ?? facts.eventId,
        facts.occurredAt,
        facts.source,
        facts.accountId,
        factText(facts, 'reason') ?? null,
        factText(facts, 'format') ?? null,
        factText(facts, 'detail') ?? null,
        factNumber(facts, 'size') ?? null,
        sealed instanceof Uint8Array ? Buffer.from(sealed) : null,
        factNumber(facts, 'attempt') ?? null,
        factText(facts, 'outcome') ?? null,
      ],
    });
  }
}
