import type { LogWriter } from './log-writer.ts';
import type { Slice } from './slice.ts';

/** Seals one slice while the one before is being appended; two are in memory at most. */
export interface Pipeline {
  /** Resolves when the slice is sealed and its append has begun. Rejects when one before it failed. */
  push(slice: Slice): Promise<void>;
  /** Resolves when everything pushed is durable. */
  drain(): Promise<void>;
}

export function createPipeline(writer: LogWriter, onDurable: (slice: Slice) => void): Pipeline {
  let inFlight: Promise<void> = Promise.resolve();

  const append = async (
    slice: Slice,
    sealed: Awaited<ReturnType<LogWriter['seal']>>,
  ): Promise<void> => {
    await writer.append(sealed);
    onDurable(slice);
  };

  return {
    async push(slice) {
      const sealed = await writer.seal(slice.entries);
      await inFlight;
      inFlight = append(slice, sealed);
      // The failure is met at the next push or drain.
      inFlight.catch(() => undefined);
    },
    drain: () => inFlight,
  };
}
