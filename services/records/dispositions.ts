import type { LegEnd } from './legs.ts';

/**
 * What became of an attempt that nobody answered: the switch's own word, else its Q.850 cause
 * (ITU-T Q.850) or SIP status (RFC 3261). A caller who gives up shows as cause 16 or status 487.
 */
export function unansweredDisposition({ event }: LegEnd): string {
  const { causeQ850, disposition, sipStatus, hangupParty } = event.facts;
  if (disposition !== undefined && disposition !== 'answered') return disposition;
  if (causeQ850 === 17 || sipStatus === 486 || sipStatus === 600) return 'busy';
  if (causeQ850 === 21 || sipStatus === 603) return 'rejected';
  if (causeQ850 === 18 || causeQ850 === 19 || sipStatus === 408 || sipStatus === 480)
    return 'no_answer';
  if (causeQ850 === 16 || causeQ850 === 31 || sipStatus === 487)
    return hangupParty === 'callee' ? 'rejected' : 'cancelled';
  if (causeQ850 === 26) return 'answered_elsewhere';
  if (causeQ850 === undefined && sipStatus === undefined)
    return hangupParty === 'caller' ? 'cancelled' : 'no_answer';
  return 'failed';
}

/** Causes that say more come first when the legs of a call differ. */
const TELLING = ['busy', 'rejected', 'no_answer', 'cancelled', 'failed', 'answered_elsewhere'];

export function mostTelling(dispositions: readonly string[]): string | undefined {
  return TELLING.find((disposition) => dispositions.includes(disposition));
}
