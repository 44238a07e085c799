import type { Hex, UsageStatement } from '#records';
import { createByteReader, createByteWriter } from '#records';

/** What the usage log was last told of a communication: the statement that stands, or none. */
export interface Said {
  readonly id: Hex;
  /** How often the log was told, from 1; 0 before the first time. */
  readonly revision: number;
  readonly statement: UsageStatement | undefined;
}

/** A statement on its way to the usage log: `before` is taken back, `after` takes its place. */
export interface OutboxEntry {
  readonly id: Hex;
  /** The revision that `before` has; the events to come count on from it. */
  readonly revision: number;
  readonly before: UsageStatement | undefined;
  readonly after: UsageStatement | undefined;
  readonly source: string;
}

const KINDS = ['call', 'sms', 'voicemail'] as const;
const DIRECTIONS = ['unknown', 'inbound', 'outbound', 'internal'] as const;
const writer = createByteWriter();

/** Four bytes of revision, then the statement: statements are compared from the fifth byte on. */
export function encodeSaid(said: Said): Buffer {
  writer.fixed32(said.revision);
  writeStatement(said.statement);
  return writer.take();
}

export function encodeStatement(statement: UsageStatement | undefined): Buffer {
  writeStatement(statement);
  return writer.take();
}

export function decodeSaid(id: Hex, bytes: Uint8Array): Said {
  const reader = createByteReader(bytes);
  return { id, revision: reader.fixed32(), statement: readStatement(reader) };
}

export function encodeOutbox(entries: readonly OutboxEntry[]): Buffer {
  writer.varint(entries.length);
  for (const entry of entries) {
    writer.hex(entry.id);
    writer.varint(entry.revision);
    writer.text(entry.source);
    writeStatement(entry.before);
    writeStatement(entry.after);
  }
  return writer.take();
}

export function decodeOutbox(bytes: Uint8Array): OutboxEntry[] {
  const reader = createByteReader(bytes);
  const entries: OutboxEntry[] = [];
  for (let left = reader.varint(); left > 0; left -= 1) {
    const id = reader.hex(16);
    const revision = reader.varint();
    const source = reader.text();
    entries.push({
      id,
      revision,
      source,
      before: readStatement(reader),
      after: readStatement(reader),
    });
  }
  return entries;
}

function writeStatement(statement: UsageStatement | undefined): void {
  if (statement === undefined) {
    writer.byte(0);
    return;
  }
  writer.byte(
    1 + KINDS.indexOf(statement.kind) + KINDS.length * DIRECTIONS.indexOf(statement.direction),
  );
  writer.varint(statement.startedAt);
  writer.varint(statement.seconds);
  writer.varint(statement.segments);
  for (const value of [statement.accountId, statement.prefix, statement.country, statement.zone])
    writer.text(value);
  writer.text(statement.numberType);
  writer.text(statement.service);
}

function readStatement(reader: ReturnType<typeof createByteReader>): UsageStatement | undefined {
  const code = reader.byte();
  if (code === 0) return undefined;
  const kind = KINDS[(code - 1) % KINDS.length] ?? 'call';
  const direction = DIRECTIONS[Math.floor((code - 1) / KINDS.length)] ?? 'unknown';
  return {
    kind,
    direction,
    startedAt: reader.varint(),
    seconds: reader.varint(),
    segments: reader.varint(),
    accountId: reader.text(),
    prefix: reader.text(),
    country: reader.text(),
    zone: reader.text(),
    numberType: reader.text(),
    service: reader.text(),
  };
}
