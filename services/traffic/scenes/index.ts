import type { Draw } from '../draw.ts';
import type { Script } from '../scene.ts';
import {
  attendedTransferCall,
  blindTransferCall,
  forwardedCall,
  ringGroupCall,
  voicemailCall,
} from './diverted-calls.ts';
import { inboundSms, outboundSms } from './messages.ts';
import {
  answeredCall,
  busyCall,
  cancelledCall,
  emergencyCall,
  endlessCall,
  failedCall,
  missedCall,
  rejectedCall,
} from './plain-calls.ts';

/**
 * How often each shape comes, in parts of a thousand. The mix is fixed, since figures measured on it
 * are compared over time: about 4.5 events and 2 parties a communication.
 */
export const mix: readonly (readonly [number, string, Script])[] = [
  [408, 'answered', answeredCall],
  [40, 'busy', busyCall],
  [70, 'missed', missedCall],
  [35, 'cancelled', cancelledCall],
  [20, 'failed', failedCall],
  [10, 'rejected', rejectedCall],
  [70, 'voicemail', voicemailCall],
  [60, 'ring group', ringGroupCall],
  [40, 'blind transfer', blindTransferCall],
  [7, 'attended transfer', attendedTransferCall],
  [36, 'forwarded', forwardedCall],
  [3, 'endless', endlessCall],
  [1, 'emergency', emergencyCall],
  [140, 'sms out', outboundSms],
  [60, 'sms in', inboundSms],
];

const total = mix.reduce((sum, [weight]) => sum + weight, 0);

/** Draws the shape of a scene. */
export function scriptFor(draw: Draw): Script {
  let left = draw.unit() * total;
  for (const [weight, , script] of mix) {
    left -= weight;
    if (left < 0) return script;
  }
  return answeredCall;
}
