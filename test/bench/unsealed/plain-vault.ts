import type {
  GroupRef,
  PointedBox,
  PointerContents,
  PointerOpener,
  Sealer,
  SealRequest,
  SealedGroup,
  SealedParts,
  BoxRequest,
  Category,
} from '#vault';

/**
 * A sealer that seals nothing, to measure what sealing costs: boxes hold the plaintext, pointers hold
 * the identifier itself where the vault has a random slot. Everything else of the pipeline stays as
 * it is. It lives in the bench because no setting of the product may reach it.
 */
export const plainSealer: Sealer = {
  seal: (requests) => Promise.resolve(requests.map(plainParts)),
  idKey: () => Promise.resolve(new Uint8Array(32)),
  sealQuarantined: (records) => Promise.resolve(records.map(({ body }) => body)),
  refresh: () => Promise.resolve(),
};

export const plainPointers: PointerOpener = {
  open: (refs) => Promise.resolve(refs.map(readPointer)),
};

const slotBytes = 16;
const digestBytes = 16;

function plainParts({ boxes }: SealRequest): SealedParts {
  const byCategory = new Map<Category, BoxRequest[]>();
  for (const box of boxes) {
    const own = byCategory.get(box.category);
    if (own === undefined) byCategory.set(box.category, [box]);
    else own.push(box);
  }
  const groups: SealedGroup[] = [];
  for (const [category, own] of byCategory) {
    groups.push({
      category,
      pointer: writePointer(own),
      boxes: own.map(({ party, plaintext }) => ({ party, box: Uint8Array.from(plaintext) })),
    });
  }
  return { groups };
}

function writePointer(boxes: readonly BoxRequest[]): Uint8Array {
  let length = 1;
  for (const box of boxes) length += 1 + box.identifiers.length * slotBytes + digestBytes;
  const out = Buffer.alloc(length);
  out[0] = boxes.length;
  let at = 1;
  for (const { identifiers, plaintext } of boxes) {
    out[at] = identifiers.length;
    at += 1;
    for (const { value } of identifiers) {
      out.write(value, at, slotBytes, 'latin1');
      at += slotBytes;
    }
    out.set(plaintext.subarray(0, digestBytes), at);
    at += digestBytes;
  }
  return out;
}

function readPointer({ group: { pointer } }: GroupRef): PointerContents {
  const boxes: PointedBox[] = [];
  let at = 1;
  for (let box = 0; box < (pointer[0] ?? 0); box += 1) {
    const count = pointer[at] ?? 0;
    at += 1;
    const slots: Uint8Array[] = [];
    for (let slot = 0; slot < count; slot += 1) {
      slots.push(pointer.subarray(at, at + slotBytes));
      at += slotBytes;
    }
    boxes.push({ slots, digest: pointer.subarray(at, at + digestBytes) });
    at += digestBytes;
  }
  return { boxes };
}
