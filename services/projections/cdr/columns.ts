import type { Direction, Kind, Status } from '#records';
import type { CdrRow, RecordPosition } from '../contract.ts';
import { unpackParties, unpackPositions } from './pack.ts';
import type { Detail } from './row.ts';

/** A row of the table as pg gives it. */
export interface CdrColumns {
  readonly id: string;
  readonly started_at: number;
  readonly kind: Kind;
  readonly direction: Direction;
  readonly status: Status;
  readonly account_id: string;
  readonly source: string;
  readonly answered_at: number | null;
  readonly ended_at: number | null;
  readonly ring_ms: number | null;
  readonly talk_ms: number | null;
  readonly hold_ms: number | null;
  readonly billable_seconds: number;
  readonly segments: number | null;
  readonly disposition: string;
  readonly q850: number | null;
  readonly sip_status: number | null;
  readonly hangup_party: string | null;
  readonly prefix: string | null;
  readonly country: string | null;
  readonly zone: string | null;
  readonly number_type: string | null;
  readonly service: string | null;
  readonly conflicts: number;
  readonly detail: Detail | null;
  readonly parties: Buffer;
  readonly refs: Buffer;
  readonly positions: Buffer;
}

/** @param logs names of logs by number */
export function toCdrRow(row: CdrColumns, logs: ReadonlyMap<number, string>): CdrRow {
  const {
    legs = [],
    diversions = [],
    recordings = [],
    overflow = false,
    ...detail
  } = row.detail ?? {};
  return {
    id: row.id,
    month: monthOf(row.started_at),
    kind: row.kind,
    direction: row.direction,
    status: row.status,
    accountId: row.account_id,
    source: row.source,
    startedAt: row.started_at,
    billableSeconds: row.billable_seconds,
    disposition: row.disposition,
    conflicts: row.conflicts,
    ...given({
      answeredAt: row.answered_at,
      endedAt: row.ended_at,
      ringMs: row.ring_ms,
      talkMs: row.talk_ms,
      holdMs: row.hold_ms,
      segments: row.segments,
      q850: row.q850,
      sipStatus: row.sip_status,
      hangupParty: row.hangup_party,
      prefix: row.prefix,
      country: row.country,
      zone: row.zone,
      numberType: row.number_type,
      service: row.service,
    }),
    ...given(detail),
    overflow,
    legs,
    diversions,
    recordings,
    parties: unpackParties(row.parties, row.refs),
    positions: unpackPositions(row.positions).map(({ logNo, position }): RecordPosition => ({
      log: logs.get(logNo) ?? `log ${logNo}`,
      position,
    })),
  };
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], null | undefined> };

/** Leaves out what is null or undefined. */
export function given<T extends object>(values: T): Given<T> {
  const result: Given<T> = {};
  for (const key in values) {
    const value = values[key];
    if (value !== null && value !== undefined)
      result[key] = value as Exclude<T[typeof key], null | undefined>;
  }
  return result;
}

function monthOf(us: number): number {
  const date = new Date(Math.floor(us / 1000));
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}
