import { record, type Recorder, type Scene, type Script, type Stage } from '../scene.ts';
import type { Account } from '../population.ts';
import type { PhoneNumber } from '../numbers.ts';
import { textOf, type Text } from '../texts.ts';
import { destinationOf, nowhere } from './cast.ts';

/** Two people who write to each other: scenes near in number share a conversation. */
interface Pair {
  readonly account: Account;
  readonly own: PhoneNumber;
  readonly other: PhoneNumber;
}

const scenesTogether = 64;
const conversationsAtOnce = 4;

/**
 * Draws the pair from the conversation's number instead of the scene's, so that every message of
 * the conversation finds the same two; then goes on with the scene's own chance.
 */
function castPair(stage: Stage): Pair {
  const { draw, population, index } = stage;
  const block = Math.floor(index / scenesTogether) * conversationsAtOnce;
  const conversation = block + draw.int(conversationsAtOnce);
  const own = draw.int(0x4000_0000);
  draw.reseed(~stage.seed, conversation);
  const account = population.account(draw);
  const pair = { account, own: account.own(draw), other: population.outsider(draw) };
  draw.reseed(own, index);
  return pair;
}

/** A message that goes out, and its receipt. */
export const outboundSms: Script = (stage) => {
  const { draw } = stage;
  const pair = castPair(stage);
  const text = textOf(draw);
  const recorder = record(stage, pair.account.id);
  const branded = draw.chance(0.1);
  recorder.say('sms.submitted', null, {
    direction: 'outbound',
    messageClass: 'text',
    encoding: text.encoding,
    senderNumber: branded ? 'ACMEBANK' : pair.own.e164,
    recipientNumber: pair.other.e164,
    text: text.text,
    registeredDelivery: true,
  });
  recorder.wait(0.2 + draw.unit());
  recorder.say('sms.sent', null, { carrier: draw.pick(['north', 'south', 'west']) });
  const { disposition, endedAt } = receipt(stage, recorder);
  return {
    events: recorder.events,
    expected: [
      {
        communicationIds: [recorder.communicationId],
        kind: 'sms',
        direction: 'outbound',
        accountId: pair.account.id,
        startedAt: stage.startsAt,
        answeredAt: undefined,
        endedAt,
        disposition,
        billableSeconds: 0,
        holdMs: 0,
        segments: text.segments,
        destination: destinationOf(pair.other, stage.home),
        numbers: branded ? [pair.other.e164] : [pair.own.e164, pair.other.e164],
        events: recorder.events.length,
      },
    ],
  };
};

/** Most are delivered within seconds; a few fail, expire, or are never heard of again. */
function receipt(
  { draw }: Stage,
  recorder: Recorder,
): { disposition: string; endedAt: number | undefined } {
  const fate = draw.unit();
  if (fate < 0.02) return { disposition: 'sent', endedAt: undefined };
  recorder.wait(fate < 0.03 ? 3600 : 0.5 + Math.min(1800, draw.logNormal(4, 1.2)));
  if (fate < 0.03) recorder.say('sms.expired', null, { errorCode: '027', isFinal: true });
  else if (fate < 0.07) recorder.say('sms.failed', null, { errorCode: '001', isFinal: true });
  else recorder.say('sms.delivered', null, { messageStatus: 'delivered', isFinal: true });
  const last = recorder.events.at(-1);
  return { disposition: last?.type.slice('sms.'.length) ?? '', endedAt: recorder.now() };
}

/** A message that comes in, sometimes to a short code. */
export const inboundSms: Script = (stage): Scene => {
  const { draw } = stage;
  const pair = castPair(stage);
  const text: Text = textOf(draw);
  const recorder = record(stage, pair.account.id);
  const short = draw.chance(0.05);
  recorder.say('sms.received', null, {
    direction: 'inbound',
    messageClass: 'text',
    encoding: text.encoding,
    senderNumber: pair.other.e164,
    recipientNumber: short ? '60123' : pair.own.e164,
    text: text.text,
  });
  return {
    events: recorder.events,
    expected: [
      {
        communicationIds: [recorder.communicationId],
        kind: 'sms',
        direction: 'inbound',
        accountId: pair.account.id,
        startedAt: stage.startsAt,
        answeredAt: undefined,
        endedAt: stage.startsAt,
        disposition: 'received',
        billableSeconds: 0,
        holdMs: 0,
        segments: text.segments,
        destination: short ? nowhere : destinationOf(pair.own, stage.home),
        numbers: short ? [pair.other.e164] : [pair.own.e164, pair.other.e164],
        events: 1,
      },
    ],
  };
};
