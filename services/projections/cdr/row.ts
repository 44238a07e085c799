import type { CommunicationRecord } from '#records';
import type { Plan } from '../engine/plan.ts';
import type { CopyRows } from '../sql/copy-in.ts';

export const CDR_COLUMNS = [
  'id',
  'started_at',
  'kind',
  'direction',
  'status',
  'account_id',
  'source',
  'answered_at',
  'ended_at',
  'ring_ms',
  'talk_ms',
  'hold_ms',
  'billable_seconds',
  'segments',
  'disposition',
  'q850',
  'sip_status',
  'hangup_party',
  'prefix',
  'country',
  'zone',
  'number_type',
  'service',
  'conflicts',
  'detail',
  'parties',
  'refs',
  'positions',
] as const;

/** What a record has beyond its columns; undefined where it has nothing. */
export type Detail = Partial<
  Pick<
    CommunicationRecord,
    | 'legs'
    | 'diversions'
    | 'voicemail'
    | 'recordings'
    | 'route'
    | 'ingressTrunk'
    | 'egressTrunk'
    | 'errorCode'
    | 'overflow'
  >
>;

export function writeCdrRow(out: CopyRows, { record, packed }: Plan): void {
  out.row(CDR_COLUMNS.length);
  out.uuid(record.id);
  out.int8(record.startedAt);
  out.text(record.kind);
  out.text(record.direction);
  out.text(record.status);
  out.text(record.accountId);
  out.text(record.source);
  out.int8(record.answeredAt);
  out.int8(record.endedAt);
  out.int8(record.ringMs);
  out.int8(record.talkMs);
  out.int8(record.holdMs);
  out.int4(record.billableSeconds);
  out.int4(record.segments);
  out.text(record.disposition);
  out.int4(record.q850);
  out.int4(record.sipStatus);
  out.text(record.hangupParty);
  out.text(record.prefix);
  out.text(record.country);
  out.text(record.zone);
  out.text(record.numberType);
  out.text(record.service);
  out.int4(record.conflicts);
  out.text(detailOf(record));
  out.bytes(packed.parties);
  out.bytes(packed.refs);
  out.bytes(packed.positions);
}

function detailOf(record: CommunicationRecord): string | undefined {
  const {
    legs,
    diversions,
    recordings,
    voicemail,
    route,
    ingressTrunk,
    egressTrunk,
    errorCode,
    overflow,
  } = record;
  const detail: Detail = {
    ...(legs.length === 0 ? {} : { legs }),
    ...(diversions.length === 0 ? {} : { diversions }),
    ...(recordings.length === 0 ? {} : { recordings }),
    ...(voicemail === undefined ? {} : { voicemail }),
    ...(route === undefined ? {} : { route }),
    ...(ingressTrunk === undefined ? {} : { ingressTrunk }),
    ...(egressTrunk === undefined ? {} : { egressTrunk }),
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(overflow ? { overflow } : {}),
  };
  const text = JSON.stringify(detail);
  return text === '{}' ? undefined : text;
}
