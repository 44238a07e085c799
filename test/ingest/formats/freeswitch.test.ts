import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventsError, loadSchemas } from '#events';
import { formatNamed } from '#ingest';
import { Refusal } from '../../../services/ingest/refusal.ts';
import { channel } from '../support/freeswitch.ts';

const schemas = await loadSchemas();
const format = formatNamed('freeswitch');
const source = { name: 'fs-1', country: 'GB' };

function decode(body: string | Buffer) {
  return format.decode(Buffer.from(body), { schemas, source });
}

function types(body: string): string[] {
  return decode(body).map(({ plan }) => plan.type);
}

describe('a FreeSWITCH record', () => {
  test('of an answered call becomes its start, ringing, answer and end', () => {
    const events = decode(JSON.stringify(channel()));
    expect(events.map(({ plan }) => plan.type)).toEqual([
      'call.initiated',
      'call.ringing',
      'call.answered',
      'call.ended',
    ]);
    const [initiated, , answered, ended] = events;
    expect(initiated?.values).toMatchObject({
      communicationId: '77e3b4f2-cac1-4724-81f6-f1cd5e01770c',
      legId: '77e3b4f2-cac1-4724-81f6-f1cd5e01770c',
      occurredAt: 1_794_744_000_370_590,
      callerNumber: '+447700900123',
      callerName: null,
      calleeNumber: '2001',
      calleeDialled: '+441632960001',
      nativeCallId: 'i87a2@192.0.2.10',
      callerAddress: '192.0.2.17',
      accountId: 'acme',
    });
    expect(answered?.values['occurredAt']).toBe(1_794_744_001_230_498);
    expect(ended?.values).toMatchObject({
      disposition: 'answered',
      causeQ850: 16,
      sipStatus: 200,
      hangupParty: 'caller',
      durationSeconds: 4,
      billableSeconds: 3,
      holdSeconds: 0,
      codec: 'PCMA',
      qualityMosHundredths: 450,
    });
  });

  test('of an unanswered call has no answer: "0" is no time', () => {
    const record = channel({
      answer_uepoch: '0',
      answer_epoch: '0',
      hangup_cause: 'NO_ANSWER',
      hangup_cause_q850: '19',
      billsec: '0',
    });
    const events = decode(JSON.stringify(record));
    expect(events.map(({ plan }) => plan.type)).toEqual([
      'call.initiated',
      'call.ringing',
      'call.ended',
    ]);
    expect(events.at(-1)?.values).toMatchObject({
      disposition: 'no_answer',
      causeQ850: 19,
      answeredAt: null,
    });
  });

  test.each([
    ['ORIGINATOR_CANCEL', '16', 'cancelled'],
    ['USER_BUSY', '17', 'busy'],
    ['CALL_REJECTED', '21', 'rejected'],
    ['NORMAL_TEMPORARY_FAILURE', '41', 'failed'],
    ['LOSE_RACE', '16', 'cancelled'],
  ])('%s with Q.850 %s means %s', (cause, q850, disposition) => {
    const record = channel({
      answer_uepoch: '0',
      answer_epoch: '0',
      hangup_cause: cause,
      hangup_cause_q850: q850,
    });
    expect(decode(JSON.stringify(record)).at(-1)?.values).toMatchObject({
      disposition,
      causeQ850: Number(q850),
    });
  });

  test('of a b-leg is another leg of the a-leg’s call', () => {
    const record = channel({
      uuid: 'b1072f22-cdab-42c2-bea1-a3f3730098e5',
      direction: 'outbound',
      originating_leg_uuid: '77e3b4f2-cac1-4724-81f6-f1cd5e01770c',
    });
    const [added] = decode(JSON.stringify(record));
    expect(added?.plan.type).toBe('call.leg.added');
    expect(added?.values).toMatchObject({
      communicationId: '77e3b4f2-cac1-4724-81f6-f1cd5e01770c',
      legId: 'b1072f22-cdab-42c2-bea1-a3f3730098e5',
      parentLegId: '77e3b4f2-cac1-4724-81f6-f1cd5e01770c',
    });
  });

  test('that the switch dialled with no other leg is a call of its own', () => {
    const record = channel({
      direction: 'outbound',
      call_uuid: '77e3b4f2-cac1-4724-81f6-f1cd5e01770c',
    });
    expect(types(JSON.stringify(record))[0]).toBe('call.initiated');
  });

  test('reads the same in every encoding of the module', () => {
    const json = JSON.stringify(channel());
    const plain = decode(json).map(({ values }) => values);
    const bodies = [
      `cdr=${encodeURIComponent(json)}`,
      `uuid=a_77e3&cdr=${encodeURIComponent(json)}`,
      `cdr=${Buffer.from(json).toString('base64')}`,
      `cdr=${encodeURIComponent(Buffer.from(json).toString('base64'))}`,
      Buffer.from(json).toString('base64'),
      `  ${json}\n`,
    ];
    for (const body of bodies) expect(decode(body).map(({ values }) => values)).toEqual(plain);
  });

  test('reads variables that are not URL-encoded, a percent sign in them included', () => {
    const record = channel({ sip_req_user: '100%25', sip_call_id: 'a%zz@192.0.2.10' });
    const [initiated] = decode(JSON.stringify(record));
    expect(initiated?.values).toMatchObject({
      calleeDialled: '100%',
      nativeCallId: 'a%zz@192.0.2.10',
    });
  });

  test('reads a record that a bare nan made invalid JSON, and leaves the word within texts alone', () => {
    const json = JSON.stringify(channel({ sip_call_id: 'nan@192.0.2.10' })).replace(
      '"mos":4.5',
      '"mos":-nan,"x":nan,"y":inf',
    );
    expect(() => JSON.parse(json)).toThrow();
    expect(decode(json)[0]?.values['nativeCallId']).toBe('nan@192.0.2.10');
  });

  test('sent again has the same event ids; another channel has others', () => {
    const ids = (record: object) =>
      decode(JSON.stringify(record)).map(({ values }) => values['eventId']);
    expect(ids(channel())).toEqual(ids(channel()));
    expect(new Set(ids(channel())).size).toBe(4);
    expect(ids(channel({ uuid: 'c1072f22-cdab-42c2-bea1-a3f3730098e5' }))).not.toEqual(
      ids(channel()),
    );
  });

  test('takes the number that was dialled first, not that of a later transfer', () => {
    const record = channel();
    record.callflow.unshift({
      profile_index: '2',
      caller_profile: { ...record.callflow[0]?.caller_profile, destination_number: '2999' },
    });
    expect(decode(JSON.stringify(record))[0]?.values['calleeNumber']).toBe('2001');
  });

  test('without a UUID or a start cannot be filed', () => {
    expect(() => decode(JSON.stringify(channel({ start_uepoch: '0', start_epoch: '0' })))).toThrow(
      Refusal,
    );
    expect(() => decode('{}')).toThrow(Refusal);
  });
});

test('random and mutated bytes are refused or read, never a crash', () => {
  const good = Buffer.from(JSON.stringify(channel()));
  const mutated = fc
    .array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(good);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  const anything = fc.oneof(
    mutated,
    fc.uint8Array({ maxLength: 300 }).map(Buffer.from),
    fc.json().map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        expect(error instanceof Refusal || error instanceof EventsError).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});
