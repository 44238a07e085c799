import type { DecodedEvent, Schemas } from '#events';
import type { Source } from '../sources.ts';

/** What a format may know of a record besides its bytes. */
export interface FormatContext {
  readonly schemas: Schemas;
  readonly source: Source;
}

/**
 * A native format: how one record of a switch becomes events. Adding one is a folder beside this
 * file and a line in the table of `index.ts`.
 */
export interface Format {
  readonly name: string;
  /** How records lie in a file: one a line, or the whole file is one. */
  readonly framing: 'lines' | 'document';
  /**
   * How far this format's word counts against others of the same source for the same leg; lower is
   * better.
   */
  readonly precedence: number;
  /** What, besides source and type, tells two events of this format apart: what event ids are made of. */
  readonly discriminator: string;
  /**
   * Events of one record, in order, with deterministic ids.
   *
   * @throws Refusal or EventsError when the record cannot be read
   */
  decode(bytes: Uint8Array, context: FormatContext): DecodedEvent[];
}
