import { isObject } from './event-schema.ts';

const empty = 0xc15d213aa4d7a795n;

const table: bigint[] = Array.from({ length: 256 }, (_, byte) => {
  let value = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (empty & -(value & 1n));
  return value;
});

/** CRC-64-AVRO of a schema's Parsing Canonical Form: 8 bytes, little-endian (Avro 1.12, 3.11). */
export function schemaFingerprint(schema: unknown): Buffer {
  let value = empty;
  for (const byte of Buffer.from(canonicalForm(schema))) {
    value = (value >> 8n) ^ (table[Number((value ^ BigInt(byte)) & 0xffn)] ?? 0n);
  }
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(value);
  return out;
}

/** As usually printed: 16 hex digits, most significant first. */
export function fingerprintText(fingerprint: Uint8Array): string {
  return Buffer.from(fingerprint.toReversed()).toString('hex');
}

/** Parsing Canonical Form: what decides how bytes are laid out, and nothing else. */
export function canonicalForm(schema: unknown): string {
  return canonical(schema, '');
}

function canonical(schema: unknown, namespace: string): string {
  if (typeof schema === 'string') return JSON.stringify(fullName(schema, namespace));
  if (Array.isArray(schema)) {
    return `[${schema.map((branch) => canonical(branch, namespace)).join(',')}]`;
  }
  if (!isObject(schema)) return JSON.stringify(schema);
  const { type } = schema;
  switch (type) {
    case 'array':
      return `{"type":"array","items":${canonical(schema['items'], namespace)}}`;
    case 'map':
      return `{"type":"map","values":${canonical(schema['values'], namespace)}}`;
    case 'record':
    case 'error':
    case 'enum':
    case 'fixed':
      return named(schema, namespace);
    default:
      return canonical(type, namespace);
  }
}

function named(schema: Record<string, unknown>, outer: string): string {
  const own = String(schema['name']);
  const within = typeof schema['namespace'] === 'string' ? schema['namespace'] : outer;
  const name = fullName(own, within);
  const space = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '';
  const head = `{"name":${JSON.stringify(name)},"type":${JSON.stringify(schema['type'])}`;
  if (schema['type'] === 'enum') return `${head},"symbols":${JSON.stringify(schema['symbols'])}}`;
  if (schema['type'] === 'fixed') return `${head},"size":${Number(schema['size'])}}`;
  const fields = Array.isArray(schema['fields']) ? schema['fields'] : [];
  const parts = fields.map(
    (field: { name: string; type: unknown }) =>
      `{"name":${JSON.stringify(field.name)},"type":${canonical(field.type, space)}}`,
  );
  return `${head},"fields":[${parts.join(',')}]}`;
}

const primitives = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);

function fullName(name: string, namespace: string): string {
  return primitives.has(name) || name.includes('.') || namespace === ''
    ? name
    : `${namespace}.${name}`;
}
