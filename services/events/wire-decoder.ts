import { asBuffer } from './bytes.ts';
import { EventsError } from './errors.ts';
import type { DecodedEvent, EventReader, Schemas } from './event-plan.ts';
import { fingerprintText } from './fingerprint.ts';
import type { RegistryClient } from './registry-client.ts';

/** Registry wire format: byte 0, four-byte big-endian schema id, Avro body to the exact end. */
export interface WireDecoder {
  /** @throws EventsError `not_wire_format` */
  schemaId(bytes: Uint8Array): number;
  /** Whether `decode` can be called for this id now. */
  knows(id: number): boolean;
  /**
   * Fetches and compiles the schema of an id. An id that failed fails the same way for a minute
   * without asking again, so that a run of records with it does not wait for each.
   *
   * @throws EventsError `unknown_schema`, `bad_schema`, `unknown_type`
   */
  learn(id: number, signal?: AbortSignal): Promise<void>;
  /**
   * @throws EventsError `not_wire_format`, `undecodable`, `invalid_event`; `unknown_schema` before
   * `learn`
   */
  decode(bytes: Uint8Array): DecodedEvent;
}

const headLength = 5;
const failureKeptMs = 60_000;

export function createWireDecoder({
  schemas,
  registry,
}: {
  readonly schemas: Schemas;
  readonly registry: RegistryClient;
}): WireDecoder {
  const readers = new Map<number, EventReader>();
  const failures = new Map<number, { readonly error: EventsError; readonly until: number }>();
  return {
    schemaId,
    knows: (id) => readers.has(id),
    async learn(id, signal) {
      if (readers.has(id)) return;
      const failed = failures.get(id);
      if (failed !== undefined && performance.now() < failed.until) throw failed.error;
      try {
        readers.set(id, schemas.readerFor(await registry.schema(id, signal)));
        failures.delete(id);
      } catch (error) {
        if (error instanceof EventsError) {
          failures.set(id, { error, until: performance.now() + failureKeptMs });
        }
        throw error;
      }
    },
    decode(bytes) {
      const id = schemaId(bytes);
      const reader = readers.get(id);
      if (reader === undefined) {
        throw new EventsError('unknown_schema', `schema id ${id} was not learned before decoding`);
      }
      return { plan: reader.plan, values: reader.decode(bytes, headLength) };
    },
  };
}

function schemaId(bytes: Uint8Array): number {
  const [magic, a, b, c, d] = bytes;
  if (magic !== 0 || a === undefined || b === undefined || c === undefined || d === undefined) {
    throw new EventsError(
      'not_wire_format',
      'the record does not begin with byte 0 and a schema id; if the topic has no registry, ' +
        'configure its format as Avro with a fingerprint header, or as JSON',
    );
  }
  return a * 0x1000000 + ((b << 16) | (c << 8) | d);
}

/** Header that names the writer's schema where there is no registry. */
export const fingerprintHeader = 'avro-schema-fingerprint';

/**
 * Plain Avro whose message header holds the CRC-64-AVRO of the writer's schema: 8 bytes
 * little-endian as in Avro's single-object encoding, or 16 hex digits as usually printed.
 *
 * @throws EventsError `unknown_schema`, `undecodable`, `invalid_event`
 */
export function decodeFingerprinted(
  schemas: Schemas,
  header: Uint8Array,
  body: Uint8Array,
): DecodedEvent {
  const fingerprint = readFingerprint(header);
  const reader = fingerprint && schemas.readerByFingerprint(fingerprint);
  if (reader === undefined) {
    const which = fingerprint === undefined ? 'no fingerprint' : fingerprintText(fingerprint);
    throw new EventsError(
      'unknown_schema',
      `the header ${fingerprintHeader} holds ${which}, which is no schema of schemas/ or its ` +
        'released versions; add it there, or use a registry, then replay the record',
    );
  }
  return { plan: reader.plan, values: reader.decode(body) };
}

function readFingerprint(header: Uint8Array): Uint8Array | undefined {
  if (header.length === 8) return header;
  const text = asBuffer(header).toString('latin1');
  return /^[0-9a-fA-F]{16}$/.test(text) ? Buffer.from(text, 'hex').toReversed() : undefined;
}
