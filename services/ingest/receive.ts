import type { DecodedEvent, Schemas } from '#events';
import type { Clock } from '#platform';
import { VaultError } from '#vault';
import type { RawRecord, RecordDecoder } from './decode-record.ts';
import { refusalOf } from './decode-record.ts';
import type { LoadedIdKeys } from './ids/id-keys.ts';
import { uuid5 } from './ids/uuid5.ts';
import { MissingIdKey } from './ids/scoped-ids.ts';
import type { Prepared, Scope } from './prepare/prepare-event.ts';
import { prepareEvent } from './prepare/prepare-event.ts';
import { quarantineRecord } from './quarantine/quarantine-record.ts';
import { Refusal } from './refusal.ts';
import type { Entry } from './slice.ts';

/** Records above this go to quarantine unread. */
export const RECORD_BYTES_MAX = 256 * 1024;

/** A record with its place in the source. */
export interface PlacedRecord extends RawRecord {
  readonly offset: number;
  /** Where the source goes on once the record is durable. */
  readonly resume: number;
  /** ms since the epoch, by the broker. */
  readonly brokerTime?: number | undefined;
  /**
   * Names the record where its events name none: unique within the source, the same when sent
   * again. Its place in the log unless told.
   */
  readonly nativeId?: (() => string) | undefined;
  /** True where `body` is only the beginning of what was too long. */
  readonly isCut?: boolean;
}

export interface ReceiverParts {
  readonly schemas: Schemas;
  readonly clock: Clock;
  readonly idKeys: LoadedIdKeys;
  readonly decoder: RecordDecoder;
  readonly scope: Scope;
  /** Log that the records go to. */
  readonly log: string;
  readonly format: string;
}

/** Where entries go: a slice, or a queue of them. */
export interface EntrySink {
  add(entry: Entry): void;
}

/** What a record would become. */
export interface Examined {
  readonly events: readonly Prepared[];
  readonly refusal?: Refusal;
}

/** Turns records of one log and source into entries of slices. */
export interface Receiver {
  /**
   * Adds the record's events, or its quarantine event, to the sink. A promise only where something
   * has to be fetched first (a schema, an id key).
   */
  receive(record: PlacedRecord, sink: EntrySink): void | Promise<void>;
  /** Stores nothing: for replays, and for comparing with what is journaled. */
  examine(record: PlacedRecord): Promise<Examined>;
}

export function createReceiver(parts: ReceiverParts): Receiver {
  const { decoder, scope, clock } = parts;

  const prepareAll = (decoded: readonly DecodedEvent[], record: PlacedRecord): Prepared[] => {
    if (decoded.length === 0) throw new Refusal('nothing_in_it', 'the record holds no event');
    const now = clock.now();
    const prepared: Prepared[] = [];
    for (const event of decoded) {
      event.values['eventId'] ??=
        `${record.nativeId?.() ?? placeOf(parts.log, record)}.${prepared.length}`;
      prepared.push(prepareEvent(event, scope, now));
    }
    return prepared;
  };

  const decode = (record: PlacedRecord): DecodedEvent[] | Promise<DecodedEvent[]> => {
    if (record.body.length === 0) throw new Refusal('null_value', 'the record has no body');
    if (record.isCut || record.body.length > RECORD_BYTES_MAX) {
      throw new Refusal('oversized', `records may have ${RECORD_BYTES_MAX} bytes`);
    }
    return decoder.decode(record, scope.source);
  };

  const refuse = (record: PlacedRecord, sink: EntrySink, error: unknown): void => {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    sink.add({
      coordinate: coordinateOf(record, 0, true),
      resume: record.resume,
      quarantined: quarantineOf(parts, record, refusal),
    });
  };

  /** The same with whatever has to be waited for. */
  const receiveSlowly = async (record: PlacedRecord, sink: EntrySink): Promise<void> => {
    try {
      addAll(sink, record, await slowly(record));
    } catch (error) {
      refuse(record, sink, error);
    }
  };

  const slowly = async (record: PlacedRecord): Promise<Prepared[]> => {
    for (;;) {
      try {
        // Preparing changes the values, so a second try decodes them anew.
        return prepareAll(await decode(record), record);
      } catch (error) {
        if (!(error instanceof MissingIdKey)) throw error;
        await loadKey(parts.idKeys, error.month);
      }
    }
  };

  return {
    receive(record, sink) {
      try {
        const decoded = decode(record);
        if (decoded instanceof Promise) {
          decoded.catch(() => undefined);
          return receiveSlowly(record, sink);
        }
        addAll(sink, record, prepareAll(decoded, record));
      } catch (error) {
        if (error instanceof MissingIdKey) return receiveSlowly(record, sink);
        refuse(record, sink, error);
      }
      return undefined;
    },
    async examine(record) {
      try {
        return { events: await slowly(record) };
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        return { events: [], refusal };
      }
    },
  };
}

/** @throws Refusal `too_old` where the month's id key has ended: its ids can be made no more. */
async function loadKey(idKeys: LoadedIdKeys, month: number): Promise<void> {
  try {
    await idKeys.load(month);
  } catch (error) {
    if (!(error instanceof VaultError) || error.code !== 'bad_request') throw error;
    throw new Refusal('too_old', 'the key that its ids need ended some time after their month');
  }
}

/** A UUID, so that a long place is no reason to key the id. */
function placeOf(log: string, { offset }: PlacedRecord): string {
  return uuid5('place', log, String(offset));
}

function addAll(sink: EntrySink, record: PlacedRecord, prepared: readonly Prepared[]): void {
  let index = 0;
  for (const event of prepared) {
    const isLast = index === prepared.length - 1;
    sink.add({
      coordinate: coordinateOf(record, index, isLast),
      resume: isLast ? record.resume : undefined,
      prepared: event,
    });
    index += 1;
  }
}

function coordinateOf(
  { offset, brokerTime }: PlacedRecord,
  index: number,
  last: boolean,
): Entry['coordinate'] {
  return { offset, index, last, brokerTime };
}

function quarantineOf(
  { schemas, clock, scope, log, format }: ReceiverParts,
  record: PlacedRecord,
  refusal: Refusal,
) {
  const domain = scope.domains.of(undefined);
  if (domain === undefined) throw new Error('the default domain is missing');
  const at = clock.now();
  const { body, offset, isCut = false, nativeId, fingerprint } = record;
  return quarantineRecord(
    schemas,
    {
      log,
      offset,
      source: scope.source.name,
      format,
      body,
      isCut,
      at,
      domain,
      accountId: scope.accountId,
      nativeId: nativeId?.(),
      fingerprint,
    },
    refusal,
  );
}
