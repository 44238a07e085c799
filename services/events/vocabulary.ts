import type { Category } from '#vault';

/** What an event is about. */
export type EventKind =
  'call' | 'sms' | 'voicemail' | 'link' | 'account' | 'number' | 'contact' | 'consent' | 'ledger';

/** How an event of a type behaves in a communication. */
export interface EventShape {
  readonly kind: EventKind;
  /** Says something of one leg (else of the whole communication, or of none). */
  readonly leg: boolean;
  /** May come many times for one leg. */
  readonly repeating: boolean;
  /** Who says so: a switch, an account's own system, or the ledger itself. */
  readonly by: 'switch' | 'account' | 'ledger';
}

export type Vocabulary = Readonly<Record<string, EventShape>>;

const shape = (
  kind: EventKind,
  by: EventShape['by'],
  ...marks: readonly ('leg' | 'repeating')[]
): EventShape => ({ kind, by, leg: marks.includes('leg'), repeating: marks.includes('repeating') });

/**
 * The one place where an event type is named. A new type is a line here and `schemas/<type>.avsc`.
 */
export const vocabulary = {
  'call.initiated': shape('call', 'switch', 'leg'),
  'call.ringing': shape('call', 'switch', 'leg'),
  'call.answered': shape('call', 'switch', 'leg'),
  'call.held': shape('call', 'switch', 'leg', 'repeating'),
  'call.resumed': shape('call', 'switch', 'leg', 'repeating'),
  'call.leg.added': shape('call', 'switch', 'leg'),
  'call.bridged': shape('call', 'switch', 'leg', 'repeating'),
  'call.forwarded': shape('call', 'switch', 'leg', 'repeating'),
  'call.transferred': shape('call', 'switch', 'leg', 'repeating'),
  'call.recording.started': shape('call', 'switch', 'leg', 'repeating'),
  'call.recording.available': shape('call', 'switch', 'leg', 'repeating'),
  'call.interim': shape('call', 'switch', 'leg', 'repeating'),
  'call.ended': shape('call', 'switch', 'leg'),
  'call.closed_by_timeout': shape('call', 'ledger'),
  'communication.linked': shape('link', 'switch', 'repeating'),
  'sms.submitted': shape('sms', 'switch', 'leg'),
  'sms.sent': shape('sms', 'switch', 'leg'),
  'sms.delivered': shape('sms', 'switch', 'leg'),
  'sms.failed': shape('sms', 'switch', 'leg'),
  'sms.expired': shape('sms', 'switch', 'leg'),
  'sms.received': shape('sms', 'switch', 'leg'),
  'voicemail.greeting.recorded': shape('voicemail', 'switch', 'repeating'),
  'voicemail.message.deposited': shape('voicemail', 'switch', 'leg'),
  'voicemail.message.abandoned': shape('voicemail', 'switch', 'leg'),
  'voicemail.notified': shape('voicemail', 'switch', 'leg', 'repeating'),
  'voicemail.listened': shape('voicemail', 'switch', 'leg', 'repeating'),
  'voicemail.saved': shape('voicemail', 'switch', 'leg', 'repeating'),
  'voicemail.deleted': shape('voicemail', 'switch', 'leg'),
  'account.opened': shape('account', 'account'),
  'account.updated': shape('account', 'account', 'repeating'),
  'account.closed': shape('account', 'account'),
  'number.assigned': shape('number', 'account', 'repeating'),
  'number.released': shape('number', 'account', 'repeating'),
  'contact.saved': shape('contact', 'account', 'repeating'),
  'contact.deleted': shape('contact', 'account', 'repeating'),
  'consent.granted': shape('consent', 'account', 'repeating'),
  'consent.withdrawn': shape('consent', 'account', 'repeating'),
  'record.quarantined': shape('ledger', 'ledger'),
  'record.replayed': shape('ledger', 'ledger', 'repeating'),
  'record.corrected': shape('ledger', 'ledger', 'repeating'),
  'record.conflicted': shape('ledger', 'ledger', 'repeating'),
  'usage.recorded': shape('ledger', 'ledger'),
  'usage.adjusted': shape('ledger', 'ledger', 'repeating'),
  'fence.raised': shape('ledger', 'ledger', 'repeating'),
  'turn.began': shape('ledger', 'ledger', 'repeating'),
  'key.destroyed': shape('ledger', 'ledger', 'repeating'),
  'access.recorded': shape('ledger', 'ledger', 'repeating'),
} as const satisfies Vocabulary;

/** A type this version of tollbook knows by name. */
export type EventType = keyof typeof vocabulary;

/**
 * Parties a tag may name. Their place in this list is what envelopes store: append only.
 * `all` stands for every party of the event together.
 */
export const parties = [
  'all',
  'caller',
  'callee',
  'forwarder',
  'transferor',
  'transferee',
  'member',
  'mailbox',
  'sender',
  'recipient',
  'contact',
  'holder',
] as const;

export type Party = (typeof parties)[number];

/** Categories a tag may name; their place is stored too: append only. */
export const categories = ['traffic', 'content', 'usage'] as const satisfies readonly Category[];

/** How a field names a person: a dialable number (or extension), or a mail or SIP address. */
export const identifierKinds = ['number', 'address'] as const;

export type IdentifierKind = (typeof identifierKinds)[number];

/** What ingest can compute from a personal field; the rules themselves live there. */
export const computedRules = [
  'prefix',
  'country',
  'numberType',
  'zone',
  'segments',
  'service',
] as const;

export type ComputedRule = (typeof computedRules)[number];
