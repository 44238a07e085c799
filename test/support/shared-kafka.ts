import { inject } from 'vitest';
import { kafkaHandle, type KafkaHandle } from './kafka.ts';
import type { KafkaSecurity } from './kafka-security.ts';
import { missing } from './requirements.ts';

/**
 * The broker all tests of one vitest run share, secured listeners included, started by whoever asks
 * first. Undefined, with the reason printed, where this machine cannot run one; an error instead when
 * `TOLLBOOK_TEST_REQUIRE` names kafka. Ask at the head of a test file:
 * `const kafka = await sharedKafka(); describe.skipIf(kafka === undefined)(…)`.
 */
export async function sharedKafka(): Promise<KafkaHandle | undefined> {
  const response = await fetch(inject('sharedKafka'));
  const answer: SharedAnswer = JSON.parse(await response.text());
  if ('reason' in answer) {
    missing('kafka', answer.reason);
    return undefined;
  }
  return kafkaHandle(answer.brokers, answer.listeners, answer.security);
}

/** What the shared broker's doorkeeper (kafka-doorkeeper.ts) answers with. */
export type SharedAnswer =
  | { readonly reason: string }
  | {
      readonly brokers: string[];
      readonly listeners: Readonly<Record<string, string>>;
      readonly security: KafkaSecurity;
    };
