import { uuidText } from '#events';
import type { Prepared } from '../prepare/prepare-event.ts';
import type { Entry, Quarantined } from '../slice.ts';

/** What became of records handed in together; lists end after `TOLD_MAX`. */
export interface Receipt {
  /** Wait for `durable(mark)` before telling anybody. */
  readonly mark: number;
  readonly events: number;
  readonly quarantined: number;
  readonly stored: readonly StoredIds[];
  readonly refused: readonly RefusedRecord[];
}

/** Ids as the views show them (UUID text). */
export interface StoredIds {
  readonly eventId: string;
  readonly communicationId?: string;
}

export interface RefusedRecord {
  /** Which of the records, from 0. */
  readonly record: number;
  /** Its id in quarantine. */
  readonly id: string;
  readonly reason: string;
  readonly detail?: string;
}

const TOLD_MAX = 100;

/** A receipt while it is being made out. */
export interface CountingReceipt extends Receipt {
  mark: number;
  records: number;
  count(entry: Entry): void;
}

export function countingReceipt(mark: number): CountingReceipt {
  return new Counted(mark);
}

class Counted implements CountingReceipt {
  mark: number;
  records = 0;
  events = 0;
  quarantined = 0;
  readonly stored: StoredIds[] = [];
  readonly refused: RefusedRecord[] = [];

  constructor(mark: number) {
    this.mark = mark;
  }

  count({ prepared, quarantined }: Entry): void {
    if (prepared !== undefined) {
      this.events += 1;
      if (this.stored.length < TOLD_MAX) this.stored.push(idsOf(prepared));
    } else if (quarantined !== undefined) {
      this.quarantined += 1;
      if (this.refused.length < TOLD_MAX) this.refused.push(refusedOf(quarantined, this.records));
    }
  }
}

function idsOf({ request, communicationId }: Prepared): StoredIds {
  const eventId = uuidOf(request.eventId);
  return communicationId === undefined
    ? { eventId }
    : { eventId, communicationId: uuidOf(communicationId) };
}

function refusedOf({ body, refusal }: Quarantined, record: number): RefusedRecord {
  const { reason, detail } = refusal;
  const told = { record, id: uuidOf(body.id), reason };
  return detail === undefined ? told : { ...told, detail };
}

function uuidOf(id: Uint8Array): string {
  return uuidText(Buffer.from(id.buffer, id.byteOffset, id.length).toString('hex'));
}
