import type { Scene, Script, Stage } from '../scene.ts';
import { castCall, type Cast } from './cast.ts';
import {
  answer,
  beginCall,
  end,
  hangUp,
  ring,
  sceneOf,
  talkSeconds,
  type Ending,
} from './story.ts';

const anyDirection: readonly Cast['direction'][] = [
  ...(['outbound', 'outbound', 'outbound', 'outbound'] as const),
  ...(['inbound', 'inbound', 'inbound', 'inbound', 'internal'] as const),
];

/** Someone answers; now and then the call is held, recorded, or long enough for an interim record. */
export const answeredCall: Script = (stage) => {
  const { draw } = stage;
  const story = beginCall(stage, castCall(stage, anyDirection));
  const { recorder } = story;
  ring(stage, story);
  answer(stage, story);
  recorder.wait(0.05 + draw.unit() / 10);
  recorder.say('call.bridged', 'a', { otherLegId: 'b' });
  const recorded = draw.chance(0.15);
  const recordingId = `rec-${recorder.communicationId}`;
  if (recorded) {
    recorder.wait(0.2);
    recorder.say('call.recording.started', 'a', { recordingId, recordingScope: 'call' });
  }
  if (draw.chance(0.08)) hold(stage, story);
  const seconds = talkSeconds(stage);
  if (seconds > 900) {
    recorder.wait(900);
    recorder.say('call.interim', 'a', { durationSeconds: 900 });
  }
  recorder.wait(seconds > 900 ? seconds - 900 : seconds);
  hangUp(stage, story);
  if (recorded) {
    recorder.wait(1 + draw.unit() * 20);
    recorder.say('call.recording.available', 'a', {
      recordingId,
      recordingScope: 'call',
      recordingFormat: 'wav',
      sizeBytes: Math.round(seconds * 16_000),
      durationSeconds: Math.round(seconds),
    });
  }
  return sceneOf(stage, story, 'answered');
};

function hold(stage: Stage, story: ReturnType<typeof beginCall>): void {
  const { recorder } = story;
  recorder.wait(5 + stage.draw.unit() * 40);
  recorder.say('call.held', 'b', { heldBy: 'callee' });
  const from = recorder.now();
  recorder.wait(3 + stage.draw.logNormal(25, 0.8));
  recorder.say('call.resumed', 'b', { resumedBy: 'callee' });
  story.heldUs += recorder.now() - from;
}

/** Ends before anyone answered, `rings` or not. */
function unanswered(
  rings: boolean,
  disposition: string,
  endings: readonly Ending[],
  seconds: (stage: Stage) => number,
): Script {
  return (stage): Scene => {
    const story = beginCall(stage, castCall(stage, anyDirection));
    if (rings) ring(stage, story);
    story.recorder.wait(seconds(stage));
    end(story, stage.draw.pick(endings));
    return sceneOf(stage, story, disposition);
  };
}

const soon = (stage: Stage): number => 0.3 + stage.draw.unit() * 2;
const patient = (stage: Stage): number => 20 + stage.draw.unit() * 40;
const impatient = (stage: Stage): number => 1 + stage.draw.unit() * 15;

export const busyCall = unanswered(false, 'busy', [{ q850: 17, sip: 486, by: 'callee' }], soon);

export const missedCall = unanswered(
  true,
  'no_answer',
  [{ q850: 19, sip: 480, by: 'switch' }],
  patient,
);

export const cancelledCall = unanswered(
  true,
  'cancelled',
  [{ q850: 16, sip: 487, by: 'caller' }],
  impatient,
);

export const failedCall = unanswered(
  false,
  'failed',
  [
    { q850: 1, sip: 404, by: 'switch' },
    { q850: 34, sip: 503, by: 'switch' },
    { q850: 38, sip: 500, by: 'switch' },
  ],
  soon,
);

export const rejectedCall = unanswered(
  true,
  'rejected',
  [{ q850: 21, sip: 603, by: 'callee' }],
  impatient,
);

/** A call to the emergency service: the number is no person. */
export const emergencyCall: Script = (stage) => {
  const cast = castCall(stage, ['outbound']);
  const emergency: Cast = {
    ...cast,
    parties: { ...cast.parties, calleeNumber: '112' },
    destination: { prefix: '', zone: '' },
    numbers: [cast.caller],
    callee: '112',
  };
  const story = beginCall(stage, emergency);
  ring(stage, story);
  answer(stage, story);
  story.recorder.wait(talkSeconds(stage, 120));
  hangUp(stage, story);
  return sceneOf(stage, story, 'answered');
};

/** Its end event is never sent: the call stays open until the closer gives up on it. */
export const endlessCall: Script = (stage) => {
  const story = beginCall(stage, castCall(stage, anyDirection));
  ring(stage, story);
  answer(stage, story);
  story.recorder.wait(0.1);
  story.recorder.say('call.bridged', 'a', { otherLegId: 'b' });
  return sceneOf(stage, story, 'answered');
};
