import { randomBytes } from 'node:crypto';
import type { Access, BoxToOpen, Domain, Identifier, SealedParts, SealRequest } from '#vault';
import { NOON_US } from '#test/support/vault.ts';

export const DOMAIN: Domain = { controller: 'operator', retentionClass: 'cpaas-eu' };
export const CARE: Access = { actor: 'agent-7', role: 'agent', purpose: 'care' };
/** 2026-11 */
export const NOVEMBER = 682;

/** Fictitious numbers: +44 7700 900000 and on. */
export function tel(n: number): Identifier {
  const value = `+44${7700900000 + n}`;
  return { namespace: 'tel', scope: '', value, key: `tel\u0000\u0000${value}` };
}

/** A call with a caller and a callee, each in a box that holds the number's text. */
export function callRequest(
  caller: Identifier,
  callee: Identifier,
  change: Partial<SealRequest> = {},
): SealRequest {
  return {
    eventId: randomBytes(16),
    type: 'call.initiated',
    fingerprint: Buffer.from('0011223344556677', 'hex'),
    domain: DOMAIN,
    month: NOVEMBER,
    accountId: 'acme',
    occurredAt: NOON_US,
    boxes: [boxOf('caller', caller), boxOf('callee', callee)],
    ...change,
  };
}

export function boxOf(party: string, identifier: Identifier): SealRequest['boxes'][number] {
  return {
    party,
    category: 'traffic',
    identifiers: [identifier],
    plaintext: Buffer.from(identifier.value),
  };
}

/** What a reader needs to open the boxes of a sealed request. */
export function boxesOf(request: SealRequest, parts: SealedParts): BoxToOpen[] {
  const { eventId, type, fingerprint, domain, month, accountId } = request;
  return parts.groups.flatMap((group) =>
    group.boxes.map((_, index) => ({
      ref: { eventId, type, fingerprint, domain, month, accountId, group },
      index,
    })),
  );
}

/** What a reader was told: texts where open, else the state. */
export function answers(
  opened: readonly { readonly state: string; readonly plaintext?: Uint8Array }[],
): string[] {
  return opened.map((one) =>
    one.plaintext === undefined ? one.state : Buffer.from(one.plaintext).toString(),
  );
}
