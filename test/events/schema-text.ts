/** Makers of .avsc text for types that exist in a test alone. */

export interface TestField {
  readonly name: string;
  readonly type: unknown;
  readonly [more: string]: unknown;
}

export function avscType(type: string, fields: readonly TestField[]): object {
  const parts = type.split('.');
  const name = parts.pop();
  return {
    type: 'record',
    name,
    namespace: ['tollbook', ...parts].join('.'),
    doc: 'Made up for a test.',
    fields,
  };
}

export function fact(name: string, type: unknown, more: object = {}): TestField {
  return { name, type, default: null, doc: 'A fact.', 'tollbook.sample': 'abc', ...more };
}

export function party(name: string, whose: string, category: string, more: object = {}): TestField {
  return {
    name,
    type: ['null', 'string'],
    default: null,
    doc: 'Of a party.',
    'tollbook.party': whose,
    'tollbook.category': category,
    'confluent:tags': ['PII'],
    'tollbook.sample': 'abc',
    ...more,
  };
}

export function commonHeader(): TestField[] {
  return [
    fact('eventId', ['null', 'string']),
    fact('source', ['null', 'string']),
    fact('sourceSequence', ['null', 'long']),
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-micros' }, doc: 'When.' },
    fact('observedAt', ['null', { type: 'long', logicalType: 'timestamp-micros' }]),
    { name: 'communicationId', type: 'string', doc: 'Which.', 'tollbook.sample': 'abc' },
    fact('legId', ['null', 'string']),
    fact('accountId', ['null', 'string']),
    fact('retentionClass', ['null', 'string']),
  ];
}
