import type { SwitchRecord } from './fields.ts';

/** `hangup_cause` of a leg nobody answered → how that is called here. */
const UNANSWERED: Readonly<Record<string, string>> = {
  USER_BUSY: 'busy',
  NO_ANSWER: 'no_answer',
  NO_USER_RESPONSE: 'no_answer',
  ALLOTTED_TIMEOUT: 'no_answer',
  PROGRESS_TIMEOUT: 'no_answer',
  RECOVERY_ON_TIMER_EXPIRE: 'no_answer',
  SUBSCRIBER_ABSENT: 'no_answer',
  ORIGINATOR_CANCEL: 'cancelled',
  LOSE_RACE: 'cancelled',
  PICKED_OFF: 'cancelled',
  CALL_REJECTED: 'rejected',
  INCOMING_CALL_BARRED: 'blocked',
  OUTGOING_CALL_BARRED: 'blocked',
  // Hung up by the caller's side before an answer, in the words of an answered call.
  NORMAL_CLEARING: 'cancelled',
};

export interface Outcome {
  readonly disposition: string;
  readonly causeQ850: number | null;
  readonly sipStatus: number | null;
  readonly hangupParty: string | null;
  readonly dialStatus: string | null;
}

/**
 * ORIGINATOR_CANCEL and LOSE_RACE report Q.850 16, the cause of a normal end: the word decides, not
 * the number.
 */
export function outcomeOf(record: SwitchRecord, isAnswered: boolean): Outcome {
  const cause = record.variable('hangup_cause') ?? '';
  const word = /^[A-Z0-9_]{1,40}$/.test(cause) ? cause : null;
  const q850 = record.count('hangup_cause_q850');
  return {
    disposition: isAnswered ? 'answered' : (UNANSWERED[cause] ?? 'failed'),
    causeQ850: q850 !== undefined && q850 > 0 && q850 < 128 ? q850 : null,
    sipStatus: sipStatusOf(record),
    hangupParty: hangupPartyOf(record),
    dialStatus: word,
  };
}

function sipStatusOf(record: SwitchRecord): number | null {
  const term = record.count('sip_term_status');
  const specific = /^sip:(\d{3})$/.exec(record.variable('proto_specific_hangup_cause') ?? '')?.[1];
  const status = term ?? (specific === undefined ? undefined : Number(specific));
  return status !== undefined && status >= 100 && status < 700 ? status : null;
}

/** Who sent the BYE or CANCEL, as seen from the switch, in terms of this leg's call. */
function hangupPartyOf(record: SwitchRecord): string | null {
  const isInbound = record.variable('direction') !== 'outbound';
  switch (record.variable('sip_hangup_disposition')) {
    case 'recv_bye':
    case 'recv_cancel':
      return isInbound ? 'caller' : 'callee';
    case 'send_bye':
    case 'send_cancel':
    case 'send_refuse':
      return isInbound ? 'callee' : 'caller';
    default:
      return null;
  }
}
