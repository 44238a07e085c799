import type { Logger } from '#platform';

export interface RegistrySettings {
  readonly url: string;
  readonly credentials?:
    { readonly user: string; readonly password: string } | { readonly token: string } | undefined;
  /** How long an id that the registry does not know is asked for again; 5 minutes unless told. */
  readonly unknownForMs?: number;
  readonly logger: Logger;
  readonly fetch?: typeof fetch;
}

/** A Confluent-compatible schema registry, read only. */
export interface RegistryClient {
  /**
   * The schema text of an id, cached for ever. A registry that is down is waited for without end
   * (and says so in the log).
   *
   * @throws EventsError `unknown_schema` when the registry does not know the id for some minutes,
   * `registry_refused` when it refuses our credentials or answers nonsense.
   */
  schema(id: number, signal?: AbortSignal): Promise<string>;
}

export function createRegistryClient(_settings: RegistrySettings): RegistryClient {
  throw new Error('lands within the half hour');
}
