import type { DecodedEvent, EventValues, FieldValue } from '#events';
import { Refusal } from '../../refusal.ts';
import type { Format, FormatContext } from '../format.ts';
import { uuid5 } from '../../ids/uuid5.ts';
import { parseBody } from './body.ts';
import type { SwitchRecord } from './fields.ts';
import { readFields } from './fields.ts';
import { outcomeOf } from './outcome.ts';

/**
 * FreeSWITCH mod_json_cdr: one record a channel, written at its end. The a-leg's UUID names the
 * call, each channel's own UUID its leg; the b-leg's record tells who it was made for.
 */
export const freeswitchFormat: Format = {
  name: 'freeswitch',
  framing: 'document',
  precedence: 1,
  discriminator:
    'channel UUID and event type: a channel has each of them once, a retry sends the same',
  decode: (bytes, context) => toEvents(readFields(parseBody(bytes)), context),
};

interface Leg {
  readonly uuid: string;
  readonly callId: string;
  readonly isSecond: boolean;
  readonly startedAt: number;
  readonly accountId: string | undefined;
}

function toEvents(record: SwitchRecord, { schemas, source }: FormatContext): DecodedEvent[] {
  const leg = legOf(record);
  const answeredAt = record.time('answer');
  const ringingAt = record.time('progress') ?? record.time('progress_media');
  const endedAt = record.time('end');

  const event = (
    type: string,
    occurredAt: number,
    fields: Record<string, FieldValue>,
  ): DecodedEvent => {
    const plan = schemas.plan(type);
    const values = plan.blank();
    values['eventId'] = uuid5(source.name, leg.uuid, type);
    values['occurredAt'] = occurredAt;
    values['communicationId'] = leg.callId;
    values['legId'] = leg.uuid;
    values['accountId'] = leg.accountId ?? null;
    values['source'] = record.coreUuid ?? null;
    fill(values, {
      startedAt: leg.isSecond ? null : leg.startedAt,
      direction: directionOf(record),
    });
    fill(values, fields);
    return { plan, values };
  };

  const events = [
    event(
      leg.isSecond ? 'call.leg.added' : 'call.initiated',
      leg.startedAt,
      partiesOf(record, leg),
    ),
  ];
  const redirectedBy = record.profile('rdnis');
  if (redirectedBy !== undefined) {
    events.push(event('call.forwarded', leg.startedAt, { forwarderNumber: redirectedBy }));
  }
  if (ringingAt !== undefined) {
    events.push(
      event('call.ringing', ringingAt, { earlyMedia: record.time('progress') === undefined }),
    );
  }
  if (answeredAt !== undefined) events.push(event('call.answered', answeredAt, {}));
  if (endedAt !== undefined) {
    events.push(
      event('call.ended', endedAt, {
        answeredAt: answeredAt ?? null,
        endedAt,
        ...endOf(record, answeredAt),
      }),
    );
  }
  return events;
}

function legOf(record: SwitchRecord): Leg {
  const uuid = record.variable('uuid') ?? record.profile('uuid');
  const startedAt = record.time('start');
  if (uuid === undefined) throw new Refusal('missing_field', 'variables.uuid is missing');
  if (startedAt === undefined)
    throw new Refusal('missing_field', 'variables.start_uepoch is missing');
  const isSecond = record.variable('direction') === 'outbound';
  const first =
    record.variable('originating_leg_uuid') ??
    record.variable('originator') ??
    record.variable('call_uuid');
  return {
    uuid,
    callId: isSecond ? (first ?? uuid) : uuid,
    // A channel that the switch itself dials with no other leg is the first of its call.
    isSecond: isSecond && first !== undefined && first !== uuid,
    startedAt,
    accountId: record.variable('accountcode'),
  };
}

/** Inbound to the switch is a call that one of its users makes, or one that comes in by a trunk. */
function directionOf(record: SwitchRecord): string | null {
  const direction = record.variable('tollbook_direction');
  return direction === 'inbound' || direction === 'outbound' || direction === 'internal'
    ? direction
    : null;
}

function partiesOf(record: SwitchRecord, leg: Leg): Record<string, FieldValue> {
  const callerNumber =
    record.profile('caller_id_number') ?? record.variable('sip_from_user') ?? record.profile('ani');
  const calleeNumber = record.profile('destination_number') ?? record.variable('sip_to_user');
  const callerName = record.profile('caller_id_name');
  return {
    ...(leg.isSecond ? { addedFor: 'forward', parentLegId: leg.callId } : {}),
    callerNumber: callerNumber ?? null,
    // FreeSWITCH repeats the number where it knows no name.
    callerName: callerName === undefined || callerName === callerNumber ? null : callerName,
    calleeNumber: calleeNumber ?? null,
    calleeDialled: record.variable('sip_req_user') ?? null,
    nativeCallId: record.variable('sip_call_id') ?? null,
    callerUserAgent: record.variable('sip_user_agent') ?? null,
    callerAddress: record.variable('sip_network_ip') ?? record.profile('network_addr') ?? null,
  };
}

function endOf(record: SwitchRecord, answeredAt: number | undefined): Record<string, FieldValue> {
  const mos = Number(record.variable('rtp_audio_in_mos') ?? Number.NaN);
  return {
    ...outcomeOf(record, answeredAt !== undefined),
    durationSeconds: record.count('duration') ?? null,
    billableSeconds: record.count('billsec') ?? null,
    holdSeconds: record.count('hold_accum_seconds') ?? null,
    codec: codecOf(record),
    qualityMosHundredths: mos >= 1 && mos <= 5 ? Math.round(mos * 100) : null,
  };
}

function codecOf(record: SwitchRecord): string | null {
  const codec = record.variable('read_codec');
  return codec !== undefined && /^[A-Za-z0-9._-]{1,20}$/.test(codec) ? codec : null;
}

/** Sets the fields that the event's type has. */
function fill(values: EventValues, fields: Record<string, FieldValue>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (name in values) values[name] = value;
  }
}
