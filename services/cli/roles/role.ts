import type { Config, Lifecycle, Logger, Metrics } from '#platform';
import type { SupervisorLink } from './supervised.ts';

/** What every role is given; a role resolves once it is at work and stops through `lifecycle`. */
export interface RoleContext {
  readonly config: Config;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly supervisor: SupervisorLink;
  /** The role cannot go on: stops the process, whose exit code and last line say why. */
  fail(error: unknown): void;
}

export type Role = (context: RoleContext) => Promise<void>;
