import { describe, expect, it } from 'vitest';
import { decodeStored, ledgerEvent, loadSchemas } from '#events';

const schemas = await loadSchemas();
const occurredAt = Date.UTC(2026, 10, 22, 15) * 1000;
const place = { log: 'usage', position: 1, recordedAt: occurredAt };

describe('what the ledger itself says', () => {
  it('is stored and read back like any other event, with nothing sealed', () => {
    const event = ledgerEvent(schemas, {
      type: 'usage.recorded',
      eventId: Buffer.alloc(16, 1),
      communicationId: Buffer.alloc(16, 2),
      accountId: 'acme',
      source: 'carrier-1',
      occurredAt,
      values: {
        kind: 'call',
        revision: 0,
        day: 20_779,
        startedAt: occurredAt,
        quantity: 1,
        seconds: 61,
        segments: 0,
        zone: 'international',
      },
    });
    const { facts, envelope, shape } = decodeStored(schemas, { ...place, ...event });
    expect(facts).toMatchObject({
      communicationId: '02'.repeat(16),
      accountId: 'acme',
      source: 'carrier-1',
      seconds: 61,
      zone: 'international',
      direction: null,
    });
    expect(envelope).toMatchObject({ month: 682, groups: [] });
    expect(shape.by).toBe('ledger');
  });

  it('may belong to no communication and no account', () => {
    const event = ledgerEvent(schemas, {
      type: 'fence.raised',
      eventId: Buffer.alloc(16, 1),
      occurredAt,
      values: { generation: 3 },
    });
    const { facts } = decodeStored(schemas, { ...place, ...event });
    expect(facts).toMatchObject({
      source: 'ledger',
      accountId: '',
      communicationId: '',
      legId: null,
      generation: 3,
    });
  });

  it('is refused when a fact it must have is missing', () => {
    const statement = { eventId: Buffer.alloc(16), occurredAt, values: {} };
    expect(() => ledgerEvent(schemas, { type: 'fence.raised', ...statement })).toThrow(
      expect.objectContaining({
        code: 'unencodable',
        message: expect.stringContaining('generation'),
      }),
    );
  });
});
