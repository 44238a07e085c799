import type { DecodedEvent, Schemas, WireDecoder } from '#events';
import { EventsError, decodeFingerprinted } from '#events';
import type { Format } from './formats/format.ts';
import { tollbookFormat } from './formats/tollbook/format.ts';
import type { Source } from './sources.ts';
import { Refusal } from './refusal.ts';

/** One record as its source sent it. */
export interface RawRecord {
  readonly body: Uint8Array;
  /** Value of the header that names the writer's schema of plain Avro. */
  readonly fingerprint?: Uint8Array | undefined;
}

export interface RecordDecoder {
  /** The events of a record; a promise only where a schema has to be fetched first. */
  decode(record: RawRecord, source: Source): DecodedEvent[] | Promise<DecodedEvent[]>;
}

const WIRE_MAGIC = 0;

/**
 * Reads records of a stream: registry wire format (first byte 0), plain Avro with a fingerprint
 * header, else `format`.
 */
export function createRecordDecoder(parts: {
  readonly schemas: Schemas;
  readonly wire: WireDecoder | undefined;
  readonly format?: Format | undefined;
  readonly signal?: AbortSignal | undefined;
}): RecordDecoder {
  const { schemas, wire, signal } = parts;
  const format = parts.format ?? tollbookFormat;

  const fetched = async (
    wireDecoder: WireDecoder,
    id: number,
    body: Uint8Array,
  ): Promise<DecodedEvent[]> => {
    for (;;) {
      try {
        await wireDecoder.learn(id, signal);
        return [wireDecoder.decode(body)];
      } catch (error) {
        // A fetch shared with another reader ends when that one is closed: ask again.
        const isOthers =
          !(error instanceof EventsError) && signal?.aborted !== true && isAbort(error);
        if (!isOthers) throw error;
      }
    }
  };

  return {
    decode({ body, fingerprint }, source) {
      if (fingerprint !== undefined) return [decodeFingerprinted(schemas, fingerprint, body)];
      if (body[0] !== WIRE_MAGIC) return format.decode(body, { schemas, source });
      if (wire === undefined) {
        throw new Refusal(
          'undecodable',
          'the record is in registry wire format and no registry is configured',
        );
      }
      const id = wire.schemaId(body);
      return wire.knows(id) ? [wire.decode(body)] : fetched(wire, id, body);
    },
  };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** What of an error refuses the record; undefined where the error is not the record's fault. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof EventsError)) return undefined;
  switch (error.code) {
    case 'unknown_type':
      return new Refusal('unknown_type');
    case 'unknown_schema':
    case 'bad_schema':
      return new Refusal('unknown_schema');
    case 'invalid_event':
      return new Refusal(
        'invalid_event',
        error.problems
          .slice(0, 10)
          .map(({ field, problem }) => `${field}: ${problem}`)
          .join('; '),
      );
    case 'not_wire_format':
    case 'undecodable':
      return new Refusal('undecodable');
    case 'unencodable':
      return new Refusal('impossible_value', 'a value does not fit its field');
    case 'corrupt_event':
      return undefined;
  }
}
