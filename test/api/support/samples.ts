/** Fictitious parties: numbers of the ranges set aside for drama. */
export const ALEX = '+447700900123';
export const SAM = '+12025550147';
export const UNKNOWN = '+447700900199';

/** µs since the epoch, `seconds` before now. */
export function ago(seconds: number): number {
  return (Date.now() - seconds * 1000) * 1000;
}

/** An answered call of `account` from Alex to Sam, over before now. */
export function call(
  id: string,
  account = 'acme',
  { caller = ALEX, callee = SAM, at = 300 } = {},
): object[] {
  const header = { communicationId: id, legId: 'a', accountId: account };
  return [
    {
      ...header,
      type: 'call.initiated',
      eventId: `${id}-1`,
      occurredAt: ago(at),
      direction: 'outbound',
      callerNumber: caller,
      calleeNumber: callee,
    },
    { ...header, type: 'call.answered', eventId: `${id}-2`, occurredAt: ago(at - 5) },
    {
      ...header,
      type: 'call.ended',
      eventId: `${id}-3`,
      occurredAt: ago(at - 65),
      causeQ850: 16,
      hangupParty: 'caller',
    },
  ];
}
