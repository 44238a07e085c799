import type { CommunicationState } from '#records';
import { decodeState } from '#records';
import { unpackRefs } from '../cdr/pack.ts';
import { ProjectionsError } from '../errors.ts';

/**
 * A state as its row and the row of its record hold it.
 *
 * @throws ProjectionsError `corrupt_view`
 */
export function readStoredState(state: Uint8Array, refs: Uint8Array | null): CommunicationState {
  try {
    return decodeState(state, refs === null ? [] : unpackRefs(refs));
  } catch (cause) {
    throw new ProjectionsError(
      'corrupt_view',
      'the stored state of a communication cannot be read; run "tollbook rebuild cdr", which makes it anew from the journal',
      { cause },
    );
  }
}
