import type { Contribution, Status, VoicemailFacts } from './types.ts';
import { CLOSED_BY_TIMEOUT } from './vocabulary.ts';

/** What is particular to messages in a record. */
export interface MessagePart {
  readonly status: Exclude<Status, 'incomplete'>;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly disposition: string;
}

const FINAL_SMS = new Set(['sms.delivered', 'sms.failed', 'sms.expired', 'sms.received']);

/** A later receipt corrects an earlier one. */
export function readSms(events: readonly Contribution[]): MessagePart {
  let last: Contribution | undefined;
  let sent = false;
  for (const event of events) {
    if (FINAL_SMS.has(event.type)) last = event;
    if (event.type === 'sms.sent') sent = true;
  }
  const closed = events.some((event) => event.type === CLOSED_BY_TIMEOUT);
  const status =
    last === undefined ? (closed ? 'timed_out' : 'open') : closed ? 'corrected' : 'final';
  return {
    status,
    startedAt: startOf(events),
    endedAt:
      last === undefined ? undefined : (last.facts.deliveredAt ?? last.facts.failedAt ?? last.time),
    disposition:
      last === undefined ? (sent ? 'sent' : 'submitted') : last.type.slice('sms.'.length),
  };
}

export function readVoicemail(events: readonly Contribution[], facts: VoicemailFacts): MessagePart {
  const over = facts.depositedAt !== undefined || facts.abandoned === true;
  const lasting = events.every((event) => event.type === 'voicemail.greeting.recorded');
  const startedAt =
    facts.depositedAt === undefined
      ? startOf(events)
      : Math.min(startOf(events), facts.depositedAt);
  return {
    status: over || lasting ? 'final' : 'open',
    startedAt,
    endedAt: facts.depositedAt,
    disposition: voicemailDisposition(facts, lasting),
  };
}

function voicemailDisposition(facts: VoicemailFacts, greeting: boolean): string {
  if (greeting) return 'greeting';
  if (facts.deletedAt !== undefined) return 'deleted';
  if (facts.savedAt !== undefined) return 'saved';
  if (facts.listenedAt !== undefined) return 'listened';
  return facts.abandoned === true ? 'abandoned' : 'deposited';
}

/** Undefined where no voicemail has a part in the communication. */
export function voicemailFacts(events: readonly Contribution[]): VoicemailFacts | undefined {
  const found: { -readonly [K in keyof VoicemailFacts]: VoicemailFacts[K] } = {};
  let any = false;
  for (const { type, time, facts } of events) {
    if (!type.startsWith('voicemail.')) continue;
    any = true;
    if (type === 'voicemail.message.deposited') found.depositedAt ??= time;
    else if (type === 'voicemail.message.abandoned') found.abandoned = true;
    else if (type === 'voicemail.listened') found.listenedAt ??= time;
    else if (type === 'voicemail.saved') found.savedAt ??= time;
    else if (type === 'voicemail.deleted') found.deletedAt ??= time;
    if (facts.durationSeconds !== undefined) found.durationMs ??= facts.durationSeconds * 1000;
    if (facts.voicemailId !== undefined) found.voicemailId ??= facts.voicemailId;
  }
  return any ? found : undefined;
}

function startOf(events: readonly Contribution[]): number {
  let start = Number.POSITIVE_INFINITY;
  for (const { type, time, facts } of events) {
    if (type !== CLOSED_BY_TIMEOUT) start = Math.min(start, facts.startedAt ?? time);
  }
  return start;
}
