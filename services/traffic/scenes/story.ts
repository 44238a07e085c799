import { record, type FieldValues, type Recorder, type Scene, type Stage } from '../scene.ts';
import type { ExpectedCommunication } from '../truth.ts';
import type { Cast } from './cast.ts';

/**
 * A call while it is told: what scripts of calls have in common. Leg `a` is the caller's, `b` the
 * first that is called.
 */
export interface Story {
  readonly recorder: Recorder;
  readonly cast: Cast;
  answeredAt: number | undefined;
  endedAt: number | undefined;
  heldUs: number;
}

export function beginCall(stage: Stage, cast: Cast, facts: FieldValues = {}, part = 0): Story {
  const recorder = record(stage, cast.accountId, part);
  recorder.say('call.initiated', 'a', { ...cast.parties, ...facts });
  return { recorder, cast, answeredAt: undefined, endedAt: undefined, heldUs: 0 };
}

/** Post-dial delay, then the phone rings; most answers come within three rings. */
export function ring(stage: Stage, { recorder }: Story, leg = 'b', facts: FieldValues = {}): void {
  recorder.wait(0.3 + stage.draw.unit() * 2.5);
  recorder.say('call.ringing', leg, { sipStatus: 180, ...facts });
}

export function answer(stage: Stage, story: Story, leg = 'b', facts: FieldValues = {}): void {
  const { recorder } = story;
  recorder.wait(Math.min(60, stage.draw.logNormal(7, 0.6)));
  recorder.say('call.answered', leg, { answeredBy: 'human', ...facts });
  story.answeredAt ??= recorder.now();
}

/** Seconds of a conversation: most are short, none lasts longer than two hours. */
export function talkSeconds(stage: Stage, median = 75): number {
  return Math.min(7200, Math.max(2, stage.draw.logNormal(median, 1.1)));
}

export interface Ending {
  readonly q850: number;
  readonly sip?: number;
  readonly by?: 'caller' | 'callee' | 'switch';
}

/** The end of leg `a`, which is the end of the call. */
export function end(story: Story, ending: Ending, leg = 'a'): void {
  const { recorder } = story;
  recorder.say('call.ended', leg, {
    causeQ850: ending.q850,
    ...(ending.sip === undefined ? {} : { sipStatus: ending.sip }),
    ...(ending.by === undefined ? {} : { hangupParty: ending.by }),
  });
  if (leg === 'a') story.endedAt = recorder.now();
}

/** Either side hangs up. */
export function hangUp(stage: Stage, story: Story): void {
  end(story, { q850: 16, sip: 200, by: stage.draw.chance(0.5) ? 'caller' : 'callee' });
}

export function sceneOf(stage: Stage, story: Story, disposition: string): Scene {
  return {
    events: story.recorder.events,
    expected: [expectCall(stage, story, disposition)],
  };
}

/** What the ledger should make of it. */
export function expectCall(stage: Stage, story: Story, disposition: string): ExpectedCommunication {
  const { cast, recorder, answeredAt, endedAt, heldUs } = story;
  const spoken = answeredAt === undefined || endedAt === undefined ? 0 : endedAt - answeredAt;
  return {
    communicationIds: [recorder.communicationId],
    kind: 'call',
    direction: cast.direction,
    accountId: cast.accountId,
    startedAt: stage.startsAt,
    answeredAt,
    endedAt,
    disposition,
    billableSeconds: Math.ceil(spoken / 1_000_000),
    holdMs: Math.floor(heldUs / 1000),
    segments: 0,
    destination: cast.destination,
    numbers: cast.numbers,
    events: recorder.events.length,
  };
}
