import { randomBytes } from 'node:crypto';
import { decodeStored, factNumber, ledgerEvent } from '#events';
import type { EventType, EventValues, Schemas } from '#events';
import { createDecisionLog } from '#journal';
import type { Journal, RecordedEvent } from '#journal';
import type { Clock } from '#platform';
import type { Decisions, RecordAccess, TurnState } from '#vault';

const BEGAN = 'turn.began';
const DESTROYED = 'key.destroyed';

/**
 * The decision log as the vault needs it. An access is recorded there too, so that whoever opens a
 * box has read every decision before its own access.
 */
export interface VaultDecisions extends Decisions {
  readonly recordAccess: RecordAccess;
}

export function createVaultDecisions(
  journal: Journal,
  schemas: Schemas,
  clock: Clock,
): VaultDecisions {
  let done = 0;
  let began = 0;
  const apply = (event: RecordedEvent): void => {
    if (event.type !== BEGAN && event.type !== DESTROYED) return;
    const { facts } = decodeStored(schemas, event);
    if (event.type === BEGAN) began = Math.max(began, factNumber(facts, 'toGeneration') ?? 0);
    else done = Math.max(done, factNumber(facts, 'generation') ?? 0);
  };
  const log = createDecisionLog(journal, apply);
  const decide = async (type: EventType, values: EventValues): Promise<void> => {
    await log.append([
      ledgerEvent(schemas, { type, eventId: randomBytes(16), occurredAt: clock.now(), values }),
    ]);
  };
  return {
    async state(): Promise<TurnState> {
      await log.catchUp();
      return began > done ? { done, began } : { done };
    },
    async turnBegan(from, to) {
      await decide(BEGAN, { fromGeneration: from, toGeneration: to });
    },
    async turnDone(generation, destroyed) {
      await decide(DESTROYED, { generation, scope: 'turn', count: destroyed });
    },
    async recordAccess({ actor, role, purpose, count, sealed }) {
      await decide('access.recorded', { actor, role, purpose, count, sealed });
    },
  };
}
