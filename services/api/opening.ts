import { unpackRef } from '#events';
import type { EventValues, Schemas } from '#events';
import type { Logger } from '#platform';
import type { Access, GroupRef, Opened, Reader } from '#vault';
import { purposesOf } from './auth/principal.ts';
import type { Principal, Purpose } from './auth/principal.ts';
import { ApiError } from './errors.ts';

/** One sealed box, as a view keeps it. */
export interface SealedBoxRef {
  readonly ref: Uint8Array;
  readonly index: number;
}

/**
 * `open`: here it is. `unavailable`: its keys cannot be had now, ask again. `unknown`: nothing can
 * ever be read here. An operator or auditor is told more exactly: `shredded`, `lost`, `tampered`.
 */
export type OpenState = 'open' | 'unavailable' | 'unknown' | 'shredded' | 'lost' | 'tampered';

export interface OpenedBox {
  readonly state: OpenState;
  /** The number, or whatever else names the person. */
  readonly number?: string;
  /** The box's other text fields, for example `callerName`. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** Opens boxes for one caller and purpose; the vault puts the access on record before it opens any. */
export interface Opening {
  open(caller: Principal, purpose: Purpose, boxes: readonly SealedBoxRef[]): Promise<OpenedBox[]>;
}

export interface OpeningDeps {
  readonly reader: Reader;
  readonly schemas: Schemas;
  readonly logger: Logger;
}

export function createOpening({ reader, schemas, logger }: OpeningDeps): Opening {
  return {
    async open(caller, purpose, boxes) {
      if (boxes.length === 0) return [];
      const wanted = boxes.map(({ ref, index }) => ({ ref: unpackRef(ref), index }));
      const answers = await reader.open(accessOf(caller, purpose), wanted);
      return wanted.map(({ ref, index }, place) => {
        const answer = answers[place];
        if (answer === undefined)
          throw new ApiError('internal', 'the vault answered fewer boxes than were asked for');
        if (answer.state === 'lost' || answer.state === 'tampered') {
          logger.error(
            { state: answer.state, type: ref.type, month: ref.month },
            'ALARM: a box cannot be opened, and no destruction is on record',
          );
        }
        if (answer.state !== 'open') return { state: told(caller, answer.state) };
        return readBox(schemas, ref, index, answer.plaintext);
      });
    },
  };
}

/** @throws ApiError `purpose_required`, `forbidden` */
export function purposeOf(caller: Principal, given: Purpose | undefined): Purpose {
  const allowed = purposesOf(caller.role);
  // An account's user reads its own history: there is but one purpose.
  const purpose = given ?? (caller.role === 'account' ? 'own_history' : undefined);
  if (purpose === undefined) {
    throw new ApiError(
      'purpose_required',
      `name a purpose; role ${caller.role} may open numbers for: ${allowed.join(', ')}`,
    );
  }
  if (!allowed.includes(purpose)) {
    throw new ApiError(
      'forbidden',
      `role ${caller.role} may not open numbers for ${purpose}; it may for: ${allowed.join(', ') || 'nothing'}`,
    );
  }
  return purpose;
}

export function accessOf(caller: Principal, purpose: Purpose): Access {
  return { actor: caller.actor, role: caller.role, purpose };
}

/** Who is not of the operator's own cannot tell an erased person from one who never was. */
function told(caller: Principal, state: Exclude<Opened['state'], 'open'>): OpenState {
  if (caller.role === 'operator' || caller.role === 'auditor') return state;
  return state === 'shredded' ? 'unknown' : 'unavailable';
}

function readBox(schemas: Schemas, ref: GroupRef, index: number, plaintext: Uint8Array): OpenedBox {
  const sealed = ref.group.boxes[index];
  if (sealed === undefined)
    throw new ApiError('internal', 'a view points at a box its event does not have');
  const { category } = ref.group;
  const values = schemas.decodeBox(ref.type, ref.fingerprint, sealed.party, category, plaintext);
  const plan = schemas.find(ref.type);
  const box = plan?.boxes.find(
    (candidate) => candidate.party === sealed.party && candidate.category === category,
  );
  const number = box?.identifierField === undefined ? undefined : values[box.identifierField];
  const fields = textsOf(values, box?.identifierField);
  return {
    state: 'open',
    ...(typeof number === 'string' ? { number } : {}),
    ...(Object.keys(fields).length === 0 ? {} : { fields }),
  };
}

function textsOf(values: EventValues, besides: string | undefined): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (name !== besides && typeof value === 'string') texts[name] = value;
  }
  return texts;
}
