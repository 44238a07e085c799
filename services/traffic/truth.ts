/** What the ledger must come to say of one communication once everything has arrived. */
export interface ExpectedCommunication {
  /** As the switch names it; linked ones have several. */
  readonly communicationIds: readonly string[];
  readonly kind: 'call' | 'sms' | 'voicemail';
  readonly direction: 'inbound' | 'outbound' | 'internal';
  readonly accountId: string;
  /** µs since 1970. */
  readonly startedAt: number;
  readonly answeredAt: number | undefined;
  /** Undefined while it goes on, or when its end never comes. */
  readonly endedAt: number | undefined;
  readonly disposition: string;
  /** Seconds from answer to end, a started one counting whole. */
  readonly billableSeconds: number;
  readonly holdMs: number;
  readonly segments: number;
  readonly destination: Destination;
  /** Numbers that stand in it, in the clear: for tests alone. */
  readonly numbers: readonly string[];
  /** Events that were published, without repeats. */
  readonly events: number;
}

export interface Destination {
  /** '' for an extension, a short code or another service. */
  readonly prefix: string;
  readonly zone: string;
}

/** What billing may charge: per account, day of the start, direction, kind, prefix and zone. */
export interface UsageTotal {
  count: number;
  seconds: number;
  segments: number;
}

const usPerDay = 86_400_000_000;

/**
 * Sums by `account day direction kind prefix zone`. A call or voicemail counts once it is over, a
 * message once it was handed over, whatever its receipt will say.
 */
export function usageTotals(expected: Iterable<ExpectedCommunication>): Map<string, UsageTotal> {
  const totals = new Map<string, UsageTotal>();
  for (const each of expected) {
    if (each.kind !== 'sms' && each.endedAt === undefined) continue;
    const key = usageKey(each);
    const total = totals.get(key) ?? { count: 0, seconds: 0, segments: 0 };
    total.count += 1;
    total.seconds += each.billableSeconds;
    total.segments += each.segments;
    totals.set(key, total);
  }
  return totals;
}

function usageKey(each: ExpectedCommunication): string {
  const { accountId, startedAt, direction, kind, destination } = each;
  const day = Math.floor(startedAt / usPerDay);
  return [accountId, day, direction, kind, destination.prefix, destination.zone].join(' ');
}
