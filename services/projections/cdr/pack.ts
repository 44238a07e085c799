import type { CommunicationRecord, CommunicationState, Contribution } from '#records';
import { createByteReader, createByteWriter, sortedElements, stateRefs } from '#records';
import type { PartyRow } from '../contract.ts';

const writer = createByteWriter();

/** Every reference of a state, in its canonical order. */
export function packRefs(refs: readonly Uint8Array[]): Buffer {
  writer.varint(refs.length);
  for (const ref of refs) writer.blob(ref);
  return writer.take();
}

export function unpackRefs(bytes: Uint8Array): Buffer[] {
  const reader = createByteReader(bytes);
  const refs: Buffer[] = [];
  for (let left = reader.varint(); left > 0; left -= 1) refs.push(reader.blob());
  return refs;
}

/** Who takes part, each naming a reference by its place. */
export function packParties(record: CommunicationRecord, refs: readonly Uint8Array[]): Buffer {
  writer.varint(record.parties.length);
  for (const { role, legId, group, index } of record.parties) {
    writer.text(role);
    writer.text(legId ?? '');
    writer.text(group.category);
    writer.varint(refs.indexOf(group.ref));
    writer.varint(index);
  }
  return writer.take();
}

export function unpackParties(bytes: Uint8Array, packedRefs: Uint8Array): PartyRow[] {
  const refs = unpackRefs(packedRefs);
  const reader = createByteReader(bytes);
  const parties: PartyRow[] = [];
  for (let left = reader.varint(); left > 0; left -= 1) {
    const role = reader.text();
    const legId = reader.text();
    const category = reader.text();
    const ref = refs[reader.varint()] ?? Buffer.alloc(0);
    const index = reader.varint();
    parties.push(
      legId === '' ? { role, category, ref, index } : { role, legId, category, ref, index },
    );
  }
  return parties;
}

/** Where the events lie, in order of time: (log number, position) pairs. */
export function packPositions(elements: readonly Contribution[]): Buffer {
  writer.varint(elements.length);
  for (const { log, position } of elements) {
    writer.varint(log);
    writer.varint(position);
  }
  return writer.take();
}

export function unpackPositions(
  bytes: Uint8Array,
): { readonly logNo: number; readonly position: number }[] {
  const reader = createByteReader(bytes);
  const positions: { logNo: number; position: number }[] = [];
  for (let left = reader.varint(); left > 0; left -= 1) {
    positions.push({ logNo: reader.varint(), position: reader.varint() });
  }
  return positions;
}

export interface PackedState {
  readonly refs: Buffer;
  readonly parties: Buffer;
  readonly positions: Buffer;
}

export function packState(state: CommunicationState, record: CommunicationRecord): PackedState {
  const refs = stateRefs(state);
  return {
    refs: packRefs(refs),
    parties: packParties(record, refs),
    positions: packPositions(sortedElements(state)),
  };
}
