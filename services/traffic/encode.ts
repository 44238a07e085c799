import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import avsc from 'avsc';
import { schemaFingerprint } from '#events';
import type { Emission } from './faults.ts';

/** A published record in bytes. */
export interface Encoded {
  readonly bytes: Buffer;
  /** CRC-64-AVRO of the writer's schema, where the bytes do not name it themselves. */
  readonly fingerprint: Buffer | undefined;
}

export type Encode = (emission: Emission) => Encoded;

export interface WriterSchema {
  readonly type: string;
  /** Avro's full name, for example `tollbook.call.initiated`. */
  readonly name: string;
  readonly schema: object;
}

const schemaDirectory = join(import.meta.dirname, '..', '..', 'schemas');

/** The schemas switches write by: the folder `schemas/` as it is. */
export function writerSchemas(directory: string = schemaDirectory): WriterSchema[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.avsc'))
    .map((file) => {
      const schema: { namespace: string; name: string } = JSON.parse(
        readFileSync(join(directory, file), 'utf8'),
      );
      const type = file.slice(0, -'.avsc'.length);
      return { type, name: `${schema.namespace}.${schema.name}`, schema };
    });
}

/**
 * Registry wire format: byte 0, four-byte big-endian schema id, Avro body.
 *
 * @param ids schema id of each event type
 */
export function wireEncoder(ids: ReadonlyMap<string, number>): Encode {
  const heads = new Map<string, Buffer>();
  for (const [type, id] of ids) {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(id, 1);
    heads.set(type, head);
  }
  const encode = avroEncoder((type) => heads.get(type));
  return (emission) => ({ bytes: encode(emission), fingerprint: undefined });
}

/** Plain Avro; the schema's fingerprint goes into a header of the message. */
export function fingerprintEncoder(): Encode {
  const fingerprints = new Map<string, Buffer>();
  for (const { type, schema } of writerSchemas()) fingerprints.set(type, schemaFingerprint(schema));
  const nothing = Buffer.alloc(0);
  const encode = avroEncoder((type) => (fingerprints.has(type) ? nothing : undefined));
  return (emission) => ({
    bytes: encode(emission),
    fingerprint: fingerprints.get(emission.event.type),
  });
}

/** One line of JSON, without fields that are null; time stamps are µs since 1970. */
export function jsonLine(emission: Emission): string {
  const { event, flaw } = emission;
  if (flaw === 'garbage') return '{"type":"call.initiated",]';
  const present: Record<string, unknown> = { type: event.type };
  for (const [name, value] of Object.entries(event.values))
    if (value !== null) present[name] = value;
  const text = JSON.stringify(present);
  return flaw === 'truncated' ? text.slice(0, Math.floor(text.length / 2)) : text;
}

const slabBytes = 1 << 20;
const roomBytes = 16 << 10;

/** Writes records one behind the other into slabs, so that none costs an allocation of its own. */
function avroEncoder(headOf: (type: string) => Buffer | undefined): (emission: Emission) => Buffer {
  const types = new Map(writerSchemas().map(({ type, schema }) => [type, parse(schema)] as const));
  let slab = Buffer.allocUnsafeSlow(slabBytes);
  let end = 0;
  return ({ event, flaw }) => {
    const head = headOf(event.type);
    const type = types.get(event.type);
    if (head === undefined || type === undefined) {
      throw new RangeError(`no writer schema for ${event.type}`);
    }
    if (slab.length - end < roomBytes) {
      slab = Buffer.allocUnsafeSlow(slabBytes);
      end = 0;
    }
    const start = end;
    const body = start + head.copy(slab, start);
    end = type.encode(event.values, slab, body);
    if (end < 0)
      throw new RangeError(`an event of ${event.type} is larger than ${roomBytes} bytes`);
    if (flaw === 'garbage') slab.fill(0xff, body, end);
    return slab.subarray(start, flaw === 'truncated' ? body + ((end - body) >> 1) : end);
  };
}

function parse(schema: object): avsc.Type {
  const json: avsc.Schema = JSON.parse(JSON.stringify(schema));
  return avsc.Type.forSchema(json);
}
