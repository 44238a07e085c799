import type { Emission } from '../faults.ts';

/** A way into the ledger. */
export interface Publisher extends AsyncDisposable {
  /**
   * Hands the records over, in order, and resolves once they are durable at the other side.
   *
   * @throws TrafficError `away` when it may be tried again, `refused` when not
   */
  publish(records: readonly Emission[]): Promise<void>;
  /** Where they go, for people. */
  readonly name: string;
}
