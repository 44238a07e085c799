import { record, type Scene, type Script } from '../scene.ts';
import { castCall, nowhere } from './cast.ts';
import { answer, beginCall, end, expectCall, hangUp, ring, sceneOf, talkSeconds } from './story.ts';

/** Several phones ring for one call; the first to be picked up has it. */
export const ringGroupCall: Script = (stage) => {
  const { draw } = stage;
  const cast = castCall(stage, ['inbound']);
  const group = { groupId: draw.pick(['sales', 'support', 'front-desk']), groupKind: 'ring_group' };
  const story = beginCall(stage, cast, group);
  const { recorder } = story;
  const members = ['b', 'c', 'd'].slice(0, 2 + draw.int(2));
  for (const leg of members) {
    recorder.wait(0.02 + draw.unit() / 20);
    const memberNumber = String(2000 + draw.int(300));
    recorder.say('call.leg.added', leg, {
      ...group,
      addedFor: 'group',
      parentLegId: 'a',
      memberNumber,
    });
  }
  recorder.wait(0.3);
  recorder.say('call.ringing', members[0] ?? 'b', { ...group, sipStatus: 180 });
  const winner = draw.pick(members);
  answer(stage, story, winner, group);
  for (const leg of members) {
    if (leg === winner) continue;
    recorder.wait(0.01);
    end(story, { q850: 26, sip: 487, by: 'switch' }, leg);
  }
  recorder.wait(talkSeconds(stage, 120));
  hangUp(stage, story);
  return sceneOf(stage, story, 'answered');
};

/** The called party diverts: at once, when busy, or when nobody answers. */
export const forwardedCall: Script = (stage) => {
  const { draw, population } = stage;
  const story = beginCall(stage, castCall(stage, ['inbound']));
  const { recorder, cast } = story;
  const forwardReason = draw.pick(['unconditional', 'busy', 'no_answer']);
  if (forwardReason === 'no_answer') ring(stage, story);
  recorder.wait(forwardReason === 'no_answer' ? 20 : 0.4);
  const target = population.outsider(draw);
  recorder.say('call.forwarded', 'b', {
    forwardReason,
    forwardTo: 'number',
    forwarderNumber: cast.callee,
  });
  recorder.wait(0.1);
  recorder.say('call.leg.added', 'c', {
    addedFor: 'forward',
    parentLegId: 'b',
    memberNumber: target.e164,
  });
  answer(stage, story, 'c');
  recorder.wait(talkSeconds(stage));
  hangUp(stage, story);
  const scene = sceneOf(stage, story, 'answered');
  return { ...scene, expected: scene.expected.map((each) => withNumber(each, target.e164)) };
};

/** The called party hands the caller over without asking first. */
export const blindTransferCall: Script = (stage) => {
  const { draw } = stage;
  const story = beginCall(stage, castCall(stage, ['inbound', 'outbound']));
  const { recorder } = story;
  ring(stage, story);
  answer(stage, story);
  recorder.wait(talkSeconds(stage, 40));
  recorder.say('call.transferred', 'b', { transferKind: 'blind', targetLegId: 'c' });
  recorder.wait(0.1);
  recorder.say('call.leg.added', 'c', {
    addedFor: 'transfer',
    parentLegId: 'a',
    memberNumber: String(2000 + draw.int(300)),
  });
  recorder.wait(0.1);
  end(story, { q850: 16, sip: 200, by: 'switch' }, 'b');
  recorder.wait(2 + draw.unit() * 8);
  recorder.say('call.answered', 'c', { answeredBy: 'human' });
  recorder.wait(talkSeconds(stage));
  hangUp(stage, story);
  return sceneOf(stage, story, 'answered');
};

/**
 * The called party asks a colleague in a second call, then joins the two: the switch says so by
 * `communication.linked`, and the ledger must make one call of both.
 */
export const attendedTransferCall: Script = (stage): Scene => {
  const { draw } = stage;
  const story = beginCall(stage, castCall(stage, ['inbound']));
  const { recorder, cast } = story;
  ring(stage, story);
  answer(stage, story);
  recorder.wait(talkSeconds(stage, 40));
  recorder.say('call.held', 'b', { heldBy: 'callee' });
  const heldFrom = recorder.now();

  const second = record({ ...stage, startsAt: recorder.now() }, cast.accountId, 1);
  second.wait(1);
  const callee = String(1400 + draw.int(400));
  second.say('call.initiated', 'a', {
    direction: 'internal',
    callerNumber: String(1000 + draw.int(400)),
    calleeNumber: callee,
  });
  second.wait(3 + draw.unit() * 6);
  second.say('call.answered', 'b', { answeredBy: 'human' });
  second.wait(5 + draw.unit() * 30);

  recorder.wait((second.now() - recorder.now()) / 1_000_000);
  recorder.say('call.resumed', 'b', { resumedBy: 'callee' });
  story.heldUs += recorder.now() - heldFrom;
  recorder.wait(0.05);
  recorder.say('communication.linked', null, {
    linkedCommunicationId: second.communicationId,
    linkKind: 'transfer',
  });
  second.wait(0.2);
  second.say('call.ended', 'a', { causeQ850: 16, sipStatus: 200, hangupParty: 'caller' });
  recorder.wait(0.5 + talkSeconds(stage));
  hangUp(stage, story);
  const first = expectCall(stage, story, 'answered');
  return {
    events: [...recorder.events, ...second.events],
    expected: [
      {
        ...first,
        communicationIds: [recorder.communicationId, second.communicationId],
        events: recorder.events.length + second.events.length,
      },
    ],
  };
};

/** Nobody answers, so the mailbox does; the message is a communication of its own. */
export const voicemailCall: Script = (stage): Scene => {
  const { draw } = stage;
  const story = beginCall(stage, castCall(stage, ['inbound']));
  const { recorder, cast } = story;
  ring(stage, story);
  recorder.wait(18 + draw.unit() * 8);
  recorder.say('call.forwarded', 'b', { forwardReason: 'no_answer', forwardTo: 'voicemail' });
  recorder.wait(0.2);
  recorder.say('call.answered', 'c', { answeredBy: 'voicemail' });
  story.answeredAt = recorder.now();
  const seconds = 3 + Math.round(Math.min(170, draw.logNormal(20, 0.7)));
  recorder.wait(12 + seconds);
  hangUp(stage, story);
  const call = expectCall(stage, story, 'answered');

  const depositedAt = recorder.now();
  const mailbox = record({ ...stage, startsAt: depositedAt }, cast.accountId, 1);
  const voicemailId = `vm-${mailbox.communicationId}`;
  mailbox.wait(0.5);
  mailbox.say('voicemail.message.deposited', 'a', {
    direction: 'inbound',
    callerNumber: cast.caller,
    mailboxNumber: cast.callee,
    voicemailId,
    messageStatus: 'new',
    durationSeconds: seconds,
    audioFormat: 'wav',
    sizeBytes: seconds * 16_000,
  });
  const startedAt = mailbox.now();
  mailbox.wait(0.5);
  mailbox.say('voicemail.notified', 'a', { voicemailId, channel: 'mwi', newMessages: 1 });
  const disposition = follow(mailbox, draw.unit(), voicemailId);
  return {
    events: [...recorder.events, ...mailbox.events],
    expected: [
      call,
      {
        ...call,
        communicationIds: [mailbox.communicationId],
        kind: 'voicemail',
        startedAt,
        answeredAt: undefined,
        endedAt: startedAt,
        disposition,
        billableSeconds: seconds,
        destination: nowhere,
        events: mailbox.events.length,
      },
    ],
  };
};

/** What becomes of a message: left alone, listened to, then saved or deleted. */
function follow(mailbox: ReturnType<typeof record>, fate: number, voicemailId: string): string {
  if (fate < 0.2) return 'deposited';
  mailbox.wait(60 + fate * 3000);
  mailbox.say('voicemail.listened', 'a', { voicemailId, channel: 'phone' });
  if (fate < 0.5) return 'listened';
  mailbox.wait(20);
  if (fate < 0.65) {
    mailbox.say('voicemail.saved', 'a', { voicemailId, messageStatus: 'saved' });
    return 'saved';
  }
  mailbox.say('voicemail.deleted', 'a', { voicemailId, deletedBy: 'owner' });
  return 'deleted';
}

function withNumber<T extends { readonly numbers: readonly string[] }>(each: T, number: string): T {
  return { ...each, numbers: [...each.numbers, number] };
}
