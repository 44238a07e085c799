import type { LegEnd } from './legs.ts';

/**
 * What became of an attempt that nobody answered, by its Q.850 cause (ITU-T Q.850) or SIP status
 * (RFC 3261). A caller who gives up shows as cause 16 or status 487.
 */
export function unansweredDisposition({ event }: LegEnd): string {
  const { q850Cause, sipStatus, hangupParty } = event.facts;
  if (q850Cause === 17 || sipStatus === 486 || sipStatus === 600) return 'busy';
  if (q850Cause === 21 || sipStatus === 603) return 'rejected';
  if (q850Cause === 18 || q850Cause === 19 || sipStatus === 408 || sipStatus === 480) return 'no_answer';
  if (q850Cause === 16 || q850Cause === 31 || sipStatus === 487) return hangupParty === 'callee' ? 'rejected' : 'cancelled';
  if (q850Cause === 26) return 'answered_elsewhere';
  if (q850Cause === undefined && sipStatus === undefined) return hangupParty === 'caller' ? 'cancelled' : 'no_answer';
  return 'failed';
}

/** Causes that say more come first when the legs of a call differ. */
const TELLING = ['busy', 'rejected', 'no_answer', 'cancelled', 'failed', 'answered_elsewhere'];

export function mostTelling(dispositions: readonly string[]): string | undefined {
  return TELLING.find((disposition) => dispositions.includes(disposition));
}
