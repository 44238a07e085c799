/** Where the decision log stands: what it says of turns. */
export interface TurnState {
  /** Generation of the last turn that was logged as done; 0 before the first. */
  readonly done: number;
  /** Generation the last `turn.began` leads to, when it is not done. */
  readonly began?: number;
}

/**
 * The decision log as the key tree sees it. Given by the composition root: the vault does not know
 * the journal. Both calls resolve when the event is durable and may be repeated after a crash. While the
 * log is away they reject with an error of code `unavailable` (or `unknown`), and are called again.
 */
export interface Decisions {
  state(): Promise<TurnState>;
  turnBegan(from: number, to: number): Promise<void>;
  /** Every generation below `generation` is destroyed, with `destroyed` entries. */
  turnDone(generation: number, destroyed: number): Promise<void>;
}
