import type { DecodedEvent, Schemas } from './event-plan.ts';

export interface JsonEvent extends DecodedEvent {
  /** Names the .avsc does not have, in the order of the input; what they held is gone. */
  readonly unknownFields: readonly string[];
}

/**
 * An event in its JSON form: `{ "type": "call.initiated", ...fields }`. Time stamps are ISO 8601
 * with a zone, or µs since the epoch.
 *
 * @throws EventsError `unknown_type`; `invalid_event` with one problem for each refused field
 */
export function decodeJson(_schemas: Schemas, _event: unknown): JsonEvent {
  throw new Error('lands within the half hour');
}
