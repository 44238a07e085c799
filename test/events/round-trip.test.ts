import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventsError, loadSchemas, vocabulary } from '#events';
import type { EventValues } from '#events';
import { avscValues, eventSchema, header, hex, split, text, values } from './arbitraries.ts';

const schemas = await loadSchemas();
const types = await Promise.all(
  Object.keys(vocabulary).map(async (type) => ({ type, schema: await eventSchema(type) })),
);
const runs = { numRuns: 40 };

describe.each(types)('$type', ({ type, schema }) => {
  const plan = schemas.plan(type);
  const owned = new Set(plan.boxes.flatMap(({ fields }) => fields));
  const computed = new Set(plan.computed.map(({ field }) => field));

  it('keeps header and facts, and no party field, in what the journal stores', () => {
    fc.assert(
      fc.property(header, values(schema), (head, fields) => {
        const facts = schemas.decodeFacts(type, plan.fingerprint, split(plan, head, fields).facts);
        expect(facts).toMatchObject({
          eventId: hex(head.eventId),
          communicationId: plan.hasCommunication ? hex(head.communicationId ?? head.eventId) : '',
          source: head.source,
          switch: head.switch ?? null,
          sourceSequence: head.sourceSequence ?? null,
          occurredAt: head.occurredAt,
          observedAt: head.observedAt ?? null,
          accountId: head.accountId,
        });
        for (const { name, id } of schema.fields) {
          if (owned.has(name)) expect(facts).not.toHaveProperty(name);
          else if (!(name in head) && name !== 'retentionClass') {
            const value = fields[name];
            const stored = id !== undefined && value instanceof Uint8Array ? hex(value) : value;
            expect(facts[name]).toEqual(stored);
          }
        }
      }),
      runs,
    );
  });

  it('gives every party field back from its box, and nothing else', () => {
    fc.assert(
      fc.property(header, values(schema), (head, fields) => {
        for (const { box, plaintext } of split(plan, head, fields).boxes) {
          const { party, category } = box;
          const opened = schemas.decodeBox(type, plan.fingerprint, party, category, plaintext);
          const held = box.fields.filter((name) => fields[name] !== null);
          expect(opened).toEqual(Object.fromEntries(held.map((name) => [name, fields[name]])));
        }
      }),
      runs,
    );
  });

  it('reads what avsc writes, and takes no computed fact from a writer', () => {
    const writer = avsc.Type.forSchema(schema.avro as avsc.Schema);
    const reader = schemas.readerFor(schema.avro);
    fc.assert(
      fc.property(avscValues(schema), text, (fields, other) => {
        const sent: EventValues = { ...fields };
        for (const { name, id } of schema.fields) {
          if (id !== undefined && sent[name] !== null) sent[name] = other;
        }
        const read = reader.decode(writer.toBuffer(sent));
        const expected = { ...sent };
        for (const name of computed) expected[name] = null;
        expect(read).toEqual(expected);
      }),
      runs,
    );
  });

  it('refuses a body that ends early or goes on, wherever it is cut', () => {
    const writer = avsc.Type.forSchema(schema.avro as avsc.Schema);
    const reader = schemas.readerFor(schema.avro);
    const [sent] = fc.sample(avscValues(schema), { numRuns: 1, seed: 7 });
    const filled: EventValues = { ...sent };
    for (const { name, id } of schema.fields) if (id !== undefined) filled[name] = 'b';
    const bytes = writer.toBuffer(filled);
    expect(() => reader.decode(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(EventsError);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => reader.decode(bytes.subarray(0, length)), `cut at ${length}`).toThrow(
        EventsError,
      );
    }
  });
});

describe('a plaintext', () => {
  it('has one length whatever number it holds', () => {
    const plan = schemas.plan('call.initiated');
    const box = plan.boxes.find(
      ({ party, category }) => party === 'callee' && category === 'traffic',
    );
    const lengths = ['112', '+447700900123', '+883510000000012'].map((calleeNumber) =>
      box === undefined ? 0 : plan.encodeBox(box, { ...plan.blank(), calleeNumber })?.length,
    );
    expect(new Set(lengths)).toEqual(new Set([64]));
  });

  it('is refused when its padding is not blank or goes on for another block', () => {
    const plan = schemas.plan('call.initiated');
    const box = plan.boxes.find(({ party }) => party === 'callee');
    const plaintext = box && plan.encodeBox(box, { ...plan.blank(), calleeNumber: '+12025550147' });
    const open = (bytes: Uint8Array) =>
      schemas.decodeBox('call.initiated', plan.fingerprint, 'callee', 'traffic', bytes);
    const bytes = Buffer.from(plaintext ?? []);
    expect(open(bytes)).toEqual({ calleeNumber: '+12025550147' });
    expect(() => open(Buffer.concat([bytes, Buffer.alloc(64)]))).toThrow(/after its end/);
    bytes[bytes.length - 1] = 1;
    expect(() => open(bytes)).toThrow(/after its end/);
  });

  it('does not exist for a party nobody knows', () => {
    const plan = schemas.plan('call.ended');
    expect(plan.boxes.map((box) => plan.encodeBox(box, plan.blank()))).not.toContain(
      expect.anything(),
    );
    expect(plan.boxes.every((box) => plan.encodeBox(box, plan.blank()) === undefined)).toBe(true);
  });
});

describe('the persons a box depends on', () => {
  const identifiersOf = (type: string, party: string, category: string) =>
    schemas
      .plan(type)
      .boxes.find((box) => box.party === party && box.category === category)
      ?.identifiers.map(({ field }) => field);

  it('are its own party, whatever the category', () => {
    expect(identifiersOf('call.initiated', 'caller', 'traffic')).toEqual(['callerNumber']);
    expect(identifiersOf('call.initiated', 'caller', 'usage')).toEqual(['callerNumber']);
  });

  it('are every party of the event for what belongs to all', () => {
    expect(identifiersOf('sms.submitted', 'all', 'content')).toEqual([
      'senderNumber',
      'recipientNumber',
    ]);
  });
});

describe('a value that does not fit its field', () => {
  const plan = schemas.plan('call.ended');
  const head = {
    eventId: new Uint8Array(16),
    communicationId: new Uint8Array(16),
    source: 's',
    occurredAt: 1,
    accountId: 'a',
  };

  it.each([
    ['durationSeconds', 'ten'],
    ['durationSeconds', 2 ** 31],
    ['startedAt', 2 ** 53],
    ['startedAt', 1.5],
    ['route', 7],
  ])('is refused by name, without what it holds: %s = %s', (name, value) => {
    const fields = { ...plan.blank(), [name]: value };
    expect(() => plan.encodeFacts(head, fields)).toThrow(
      expect.objectContaining({ code: 'unencodable', message: expect.stringContaining(name) }),
    );
  });

  it.each([
    ['eventId', new Uint8Array(15)],
    ['communicationId', undefined],
  ])('is refused in the header too: %s', (name, value) => {
    expect(() => plan.encodeFacts({ ...head, [name]: value }, plan.blank())).toThrow(
      expect.objectContaining({ code: 'unencodable' }),
    );
  });
});
