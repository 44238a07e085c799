import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { fingerprintHeader } from '#events';
import type { PlacedRecord } from '../receive.ts';

/** A message with its place. A null value is a record without a body. */
export function placed({ offset, timestamp, value, headers }: KafkaMessage): PlacedRecord {
  const at = Number(offset);
  const named = headers?.[fingerprintHeader];
  const fingerprint = Array.isArray(named) ? named[0] : named;
  return {
    offset: at,
    resume: at + 1,
    brokerTime: brokerTimeOf(timestamp),
    body: value ?? EMPTY,
    fingerprint: typeof fingerprint === 'string' ? Buffer.from(fingerprint) : fingerprint,
  };
}

const EMPTY = new Uint8Array(0);

function brokerTimeOf(timestamp: string): number | undefined {
  const ms = Number(timestamp);
  return Number.isSafeInteger(ms) && ms >= 0 ? ms : undefined;
}

/** The offset the broker was asked for. kafkajs keeps it on its batch and leaves it out of its types. */
export function fetchedOffset(batch: EachBatchPayload['batch']): number {
  return 'fetchedOffset' in batch ? Number(batch.fetchedOffset) : Number(batch.firstOffset());
}
