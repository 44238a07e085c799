import type { Kind } from './types.ts';

/**
 * The event types a communication is made of. The place in this list is the type's code in stored
 * states: append, never reorder. A type that is not listed is kept and counted all the same, by its
 * name; it merely means nothing to the assembler yet.
 */
export const KNOWN_TYPES: readonly string[] = [
  'call.initiated',
  'call.ringing',
  'call.answered',
  'call.held',
  'call.resumed',
  'call.leg.added',
  'call.bridged',
  'call.forwarded',
  'call.transferred',
  'call.recording.started',
  'call.recording.available',
  'call.interim',
  'call.ended',
  'call.closed_by_timeout',
  'communication.linked',
  'sms.submitted',
  'sms.sent',
  'sms.delivered',
  'sms.failed',
  'sms.expired',
  'sms.received',
  'voicemail.greeting.recorded',
  'voicemail.message.deposited',
  'voicemail.message.abandoned',
  'voicemail.notified',
  'voicemail.listened',
  'voicemail.saved',
  'voicemail.deleted',
];

export const CLOSED_BY_TIMEOUT = 'call.closed_by_timeout';
export const LINKED = 'communication.linked';

/** True for what the assembler joins; other types belong to other views. */
export function isCommunicationType(type: string): boolean {
  return (
    type.startsWith('call.') ||
    type.startsWith('sms.') ||
    type.startsWith('voicemail.') ||
    type === LINKED
  );
}

/** Undefined for a link, which has no kind of its own. */
export function kindOf(type: string): Kind | undefined {
  if (type.startsWith('call.')) return 'call';
  if (type.startsWith('sms.')) return 'sms';
  return type.startsWith('voicemail.') ? 'voicemail' : undefined;
}

/** How many ranks there are. */
export const PRECEDENCES = 3;

/** Declared precedence of what a type says of facts and parties: lower is heard first. */
export function precedenceOf(type: string): number {
  if (type === 'call.initiated' || type === 'sms.submitted' || type === 'sms.received') return 0;
  if (type === 'voicemail.message.deposited') return 0;
  if (type === 'call.ended') return 2;
  return 1;
}

/** Types that change who takes part: their parties stand beside the others and contradict nobody. */
export function changesParties(type: string): boolean {
  return (
    type === 'call.forwarded' ||
    type === 'call.transferred' ||
    type === 'call.leg.added' ||
    type === 'record.corrected'
  );
}
