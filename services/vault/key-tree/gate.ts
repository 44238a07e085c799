import type { Custodian } from '../custodian/port.ts';
import { VaultError } from '../port.ts';
import type { TurnState } from './decisions.ts';

/** Where custodian, tree and decision log stand; all three are looked at before anything opens. */
export interface Generations {
  /** Live root generations, ascending. */
  readonly custodian: readonly number[];
  /** Generation of the root row; 0 where there is none yet. */
  readonly tree: number;
  readonly log: TurnState;
}

/**
 * Nothing opens unless the three agree, or a turn is open and each stands at one of its two ends.
 * What is behind the others was brought back from an older copy.
 *
 * @throws VaultError `generation_mismatch` naming the one that is behind; `root_missing` where the
 * custodian has none of the generations the others know.
 */
export function checkGate(state: Generations, custodian: Pick<Custodian, 'name'>): void {
  const { tree, log } = state;
  const live = state.custodian;
  const begun = log.began ?? log.done;
  if (tree > begun) refuse(state, 'the decision log', 'bring back the journal that belongs to it');
  if (tree < log.done) refuse(state, 'the key tree', 'restore the vault from its newest backup');
  if (log.began !== undefined && tree !== log.done && tree !== log.began) {
    refuse(state, 'the key tree', 'restore the vault from its newest backup');
  }
  const highest = live.at(-1) ?? 0;
  if (highest > begun) {
    refuse(
      state,
      'the decision log, and the key tree with it,',
      'bring back the journal and the vault that belong to it',
    );
  }
  if (tree > 0 && !live.includes(tree)) {
    if (highest > 0) refuse(state, `the ${custodian.name}`, 'bring back its newest copy');
    throw new VaultError(
      'root_missing',
      `${custodian.name} holds no root generation, and the key tree is at ${tree}: without its root nothing can be opened; check TOLLBOOK_ROOT, or bring the root back from a vault backup`,
    );
  }
  const lowest = live[0] ?? 0;
  if (log.began === undefined && lowest < log.done && lowest > 0) {
    refuse(
      state,
      `the ${custodian.name} (it still holds generation ${lowest}, which was destroyed)`,
      'bring back its newest copy',
    );
  }
}

const GATE_RETRIES = 50;

/**
 * Reads the three and checks them. They cannot be read at one instant: a turn in another process may
 * move between two of the readings, so only what stands still while it disagrees is refused.
 *
 * @throws VaultError as {@link checkGate}
 */
export async function passGate(
  read: () => Promise<Generations>,
  custodian: Pick<Custodian, 'name'>,
): Promise<Generations> {
  let before = '';
  for (let attempt = 0; ; attempt += 1) {
    const state = await read();
    try {
      checkGate(state, custodian);
      return state;
    } catch (error) {
      const now = JSON.stringify(state);
      if (now === before || attempt >= GATE_RETRIES) throw error;
      before = now;
    }
  }
}

function refuse({ custodian, tree, log }: Generations, older: string, todo: string): never {
  const turn = log.began === undefined ? `${log.done}` : `${log.done}, turning to ${log.began}`;
  throw new VaultError(
    'generation_mismatch',
    `${older} is older than the rest of the vault: the custodian holds generation ${custodian.join(', ') || 'none'}, the key tree is at ${tree}, the decision log at ${turn}; ${todo}`,
  );
}
