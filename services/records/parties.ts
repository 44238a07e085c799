import type { BoxGroup, Contribution, PartyBox, PartyRecord } from './types.ts';
import { changesParties } from './vocabulary.ts';

export interface PartiesFound {
  readonly parties: readonly PartyRecord[];
  /** Contributions that name someone else for a leg and role within one month. */
  readonly conflicts: number;
}

interface Seat {
  readonly group: BoxGroup;
  readonly box: PartyBox;
}

/**
 * Who takes part: for each leg, role and category the best-ranked contribution. Those of
 * a forward, a transfer or an added leg stand beside it, since they change who talks to whom.
 *
 * @param ranked contributions by declared precedence, then order
 */
export function findParties(ranked: readonly Contribution[]): PartiesFound {
  const parties: PartyRecord[] = [];
  const seats = new Map<string, Seat>();
  let conflicts = 0;
  for (const { type, leg, member, eventId, groups } of ranked) {
    const change = changesParties(type) ? eventId : '';
    for (const group of groups) {
      for (const [index, box] of group.boxes.entries()) {
        const key = `${member}${leg}\n${box.party}\n${group.category}\n${change}`;
        const seat = seats.get(key);
        if (seat === undefined) {
          seats.set(key, { group, box });
          parties.push(
            leg === ''
              ? { role: box.party, group, index }
              : { role: box.party, legId: leg, group, index },
          );
        } else if (seat.group.epoch === group.epoch && !sameSlots(seat.box, box)) {
          conflicts += 1;
        }
      }
    }
  }
  return { parties, conflicts };
}

/** Slots that cannot be read any more, or that nobody had, contradict nobody. */
function sameSlots(a: PartyBox, b: PartyBox): boolean {
  if (a.slots.length === 0 || b.slots.length === 0) return true;
  return a.slots.length === b.slots.length && a.slots.every((slot, at) => slot === b.slots[at]);
}
