import { Type } from 'typebox';
import type { Static } from 'typebox';
import { mayDo, purposesOf } from './auth/principal.ts';
import type { Principal } from './auth/principal.ts';
import type { CdrRow } from '#projections';
import { given } from './given.ts';
import { isoOf } from './time.ts';

const Time = Type.String({ format: 'date-time' });
const Milliseconds = Type.Optional(Type.Number());

export const LegSchema = Type.Object({
  legId: Type.String(),
  role: Type.String(),
  accountId: Type.String(),
  startedAt: Time,
  ringingAt: Type.Optional(Time),
  answeredAt: Type.Optional(Time),
  endedAt: Type.Optional(Time),
  holdMs: Milliseconds,
  disposition: Type.String(),
  q850: Type.Optional(Type.Integer()),
  sipStatus: Type.Optional(Type.Integer()),
  ringGroup: Type.Optional(Type.String()),
  winner: Type.Optional(Type.Boolean({ description: 'Answered first among those that rang.' })),
});

export const CommunicationSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  kind: Type.String({ description: 'call, sms or voicemail' }),
  direction: Type.String(),
  status: Type.String({ description: 'open, final, corrected, timed_out or incomplete' }),
  accountId: Type.String(),
  source: Type.String(),
  startedAt: Time,
  answeredAt: Type.Optional(Time),
  endedAt: Type.Optional(Time),
  ringMs: Milliseconds,
  talkMs: Milliseconds,
  holdMs: Milliseconds,
  billableSeconds: Type.Integer(),
  segments: Type.Optional(Type.Integer()),
  disposition: Type.String(),
  q850: Type.Optional(Type.Integer()),
  sipStatus: Type.Optional(Type.Integer()),
  hangupParty: Type.Optional(Type.String()),
  destination: Type.Optional(
    Type.Object({
      masked: Type.String({
        description: 'What the clear facts tell of the number called; nothing was opened.',
      }),
      country: Type.Optional(Type.String()),
      zone: Type.Optional(Type.String()),
      prefix: Type.Optional(Type.String()),
    }),
  ),
  conflicts: Type.Integer({ description: 'Events that contradict one another; each is kept.' }),
  legs: Type.Array(LegSchema),
  parties: Type.Array(
    Type.Object({
      role: Type.String(),
      legId: Type.Optional(Type.String()),
      state: Type.Literal('sealed'),
    }),
  ),
  mayOpenFor: Type.Array(Type.String(), {
    description: 'Purposes for which the caller may open the parties.',
  }),
});
export type Communication = Static<typeof CommunicationSchema>;

/** A row as the API shows it: times as text, numbers masked, parties sealed. */
export function communicationOf(row: CdrRow, caller: Principal): Communication {
  const {
    id,
    kind,
    direction,
    status,
    accountId,
    source,
    disposition,
    billableSeconds,
    conflicts,
  } = row;
  return {
    id,
    kind,
    direction,
    status,
    accountId,
    source,
    startedAt: isoOf(row.startedAt),
    ...given({
      answeredAt: row.answeredAt === undefined ? undefined : isoOf(row.answeredAt),
      endedAt: row.endedAt === undefined ? undefined : isoOf(row.endedAt),
      ringMs: row.ringMs,
      talkMs: row.talkMs,
      holdMs: row.holdMs,
      segments: row.segments,
      q850: row.q850,
      sipStatus: row.sipStatus,
      hangupParty: row.hangupParty,
      destination: destinationOf(row),
    }),
    billableSeconds,
    disposition,
    conflicts,
    legs: row.legs.map(legOf),
    parties: row.parties.map(({ role, legId }) => ({
      role,
      ...given({ legId }),
      state: 'sealed' as const,
    })),
    mayOpenFor: mayDo(caller, 'communications.open') ? [...purposesOf(caller.role)] : [],
  };
}

/**
 * A number as its clear facts show it. The prefix fact never has the last four digits, so there is
 * nothing to open and nothing to put on record.
 */
function destinationOf({ prefix, country, zone, service }: CdrRow): Communication['destination'] {
  if (prefix === undefined && service === undefined) return undefined;
  const masked =
    prefix === undefined || prefix === ''
      ? (service ?? 'number').replaceAll('_', ' ')
      : `+${prefix}••••`;
  return { masked, ...given({ country, zone, prefix }) };
}

const LEG_TIMES = new Set(['startedAt', 'ringingAt', 'answeredAt', 'endedAt']);

/** A leg is facts alone; its times become text. The answer's schema says which fields there are. */
function legOf(leg: object): Static<typeof LegSchema> {
  const entries = Object.entries(leg).map(([name, value]: [string, unknown]) => [
    name,
    LEG_TIMES.has(name) && typeof value === 'number' ? isoOf(value) : value,
  ]);
  // The view wrote this JSON; the serializer drops what the schema does not name.
  return Object.fromEntries(entries) as Static<typeof LegSchema>;
}
