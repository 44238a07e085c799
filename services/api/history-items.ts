import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { HistoryRow } from '#projections';
import { given } from './given.ts';
import type { OpenedBox, SealedBoxRef } from './opening.ts';
import { isoOf } from './time.ts';

const Party = Type.Object({
  state: Type.String({ description: 'open, unavailable (ask again) or unknown' }),
  number: Type.Optional(Type.String()),
  fields: Type.Optional(Type.Record(Type.String(), Type.String())),
});
const Time = Type.String({ format: 'date-time' });

export const HistoryItemSchema = Type.Object({
  id: Type.String(),
  communicationId: Type.String({ format: 'uuid' }),
  kind: Type.String(),
  direction: Type.String(),
  status: Type.String(),
  startedAt: Time,
  endedAt: Type.Optional(Time),
  durationSeconds: Type.Integer(),
  segments: Type.Optional(Type.Integer()),
  disposition: Type.String(),
  counterpart: Type.Optional(Party),
  own: Type.Optional(Party),
  content: Type.Optional(Party),
  thread: Type.Optional(
    Type.String({
      description: 'Equal for messages between the same two numbers within one month.',
    }),
  ),
  voicemail: Type.Optional(
    Type.Object({
      depositedAt: Type.Optional(Time),
      listenedAt: Type.Optional(Time),
      savedAt: Type.Optional(Time),
      deletedAt: Type.Optional(Time),
      durationMs: Type.Optional(Type.Number()),
    }),
  ),
});
export type HistoryItem = Static<typeof HistoryItemSchema>;

const BOXES = ['counterpart', 'own', 'content'] as const;
type BoxName = (typeof BOXES)[number];

/** Opens the boxes of a page in one go, so that the page is one access on record. */
export async function historyItems(
  rows: readonly HistoryRow[],
  open: (boxes: readonly SealedBoxRef[]) => Promise<OpenedBox[]>,
): Promise<HistoryItem[]> {
  const opened = await open(rows.flatMap((row) => BOXES.flatMap((name) => row[name] ?? [])));
  let place = 0;
  return rows.map((row) => {
    const parties: Partial<Record<BoxName, OpenedBox>> = {};
    for (const name of BOXES) {
      if (row[name] === undefined) continue;
      const box = opened[place];
      place += 1;
      if (box !== undefined) parties[name] = box;
    }
    return itemOf(row, parties);
  });
}

function itemOf(row: HistoryRow, parties: Partial<Record<BoxName, OpenedBox>>): HistoryItem {
  const { id, communicationId, kind, direction, status, durationSeconds, disposition, voicemail } =
    row;
  return {
    id,
    communicationId,
    kind,
    direction,
    status,
    startedAt: isoOf(row.startedAt),
    durationSeconds,
    disposition,
    ...given({
      endedAt: timeOf(row.endedAt),
      segments: row.segments,
      counterpart: parties.counterpart,
      own: parties.own,
      content: parties.content,
      thread:
        row.threadKey === undefined ? undefined : Buffer.from(row.threadKey).toString('base64url'),
      voicemail:
        voicemail === undefined
          ? undefined
          : given({
              depositedAt: timeOf(voicemail.depositedAt),
              listenedAt: timeOf(voicemail.listenedAt),
              savedAt: timeOf(voicemail.savedAt),
              deletedAt: timeOf(voicemail.deletedAt),
              durationMs: voicemail.durationMs,
            }),
    }),
  };
}

const timeOf = (us: number | undefined): string | undefined =>
  us === undefined ? undefined : isoOf(us);

/** `thread` of an item, back in the view's own form. */
export function threadKeyOf(thread: string): Uint8Array {
  return Buffer.from(thread, 'base64url');
}
