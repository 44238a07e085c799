import avsc from 'avsc';
import { writerSchemas } from '#traffic';
import type { Figure, Measured } from '../figure.ts';
import { schemaIds } from '../topic.ts';

/** What a few lines of code would do: decode, insert, forget privacy, order and corrections. */
export const sink: Figure = {
  name: 'sink',
  title: 'straight kafkajs → Postgres insert of the same events (no privacy, rows as they come)',
  runs: 3,
  async measure(world, { events }): Promise<Measured> {
    const topic = await world.dayTopic(events);
    await using ledger = await world.ledger(topic.name);
    await ledger.pool.query(`create table plain_event (
      event_id uuid primary key, type text not null, source text, occurred_at bigint not null,
      communication_id uuid not null, leg_id text, account_id text, direction text,
      caller text, callee text, cause integer, hangup text, body text)`);
    const types = typesById();
    const consumer = world.kafka.client().consumer({ groupId: `sink-${Date.now()}` });
    await consumer.connect();
    await consumer.subscribe({ topic: topic.name, fromBeginning: true });
    let seen = 0;
    let began = 0;
    await new Promise<void>((done, failed) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => failed(payload.error));
      void consumer.run({
        partitionsConsumedConcurrently: 4,
        async eachBatch({ batch, heartbeat }) {
          if (began === 0) began = performance.now();
          for (let at = 0; at < batch.messages.length; at += 1_000) {
            const rows = batch.messages
              .slice(at, at + 1_000)
              .map(({ value }) => decode(types, value));
            await ledger.pool.query({ name: 'plain', text: insert, values: columns(rows) });
            await heartbeat();
          }
          seen += batch.messages.length;
          if (seen >= topic.records) done();
        },
      });
    });
    const seconds = (performance.now() - began) / 1000;
    await consumer.disconnect();
    return { 'events/s': seen / seconds };
  },
};

const insert = `insert into plain_event select * from unnest(
  $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::text[],
  $9::text[], $10::text[], $11::integer[], $12::text[], $13::text[]) on conflict do nothing`;

const fields = [
  ...['eventId', 'type', 'source', 'occurredAt', 'communicationId', 'legId', 'accountId'],
  ...['direction', 'callerNumber', 'calleeNumber', 'causeQ850', 'hangupParty', 'text'],
];

type Row = Readonly<Record<string, unknown>>;

function typesById(): Map<number, { readonly name: string; readonly type: avsc.Type }> {
  const ids = schemaIds();
  return new Map(
    writerSchemas().map(({ type: name, schema }) => {
      const json: avsc.Schema = JSON.parse(JSON.stringify(schema));
      return [ids.get(name) ?? 0, { name, type: avsc.Type.forSchema(json) }];
    }),
  );
}

function decode(types: ReturnType<typeof typesById>, value: Buffer | null): Row {
  const found = types.get(value?.readUInt32BE(1) ?? 0);
  if (found === undefined || value === null) throw new Error('a record of an unknown schema');
  const decoded: Row = found.type.decode(value, 5).value;
  return { ...decoded, type: found.name };
}

function columns(rows: readonly Row[]): unknown[][] {
  return fields.map((field) => rows.map((row) => row[field] ?? null));
}
