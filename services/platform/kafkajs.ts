import { createRequire } from 'node:module';
import { Kafka, logLevel, type KafkaConfig } from 'kafkajs';

/** The part of kafkajs's request queue that is put right below. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

let quiet = false;

/**
 * A kafkajs client whose idle connections really idle. kafkajs 2.2.4 re-arms a timer after every
 * request, also with nothing pending and with a time that lies in the past: about 900 wake-ups a
 * second and Node's `TimeoutNegativeWarning`. The queue is now checked again only when something
 * waits in it. Silent unless `config` names a log level; pass `logCreator` to hear it.
 */
export function createKafka(config: KafkaConfig): Kafka {
  if (!quiet) silenceIdleQueues();
  quiet = true;
  return new Kafka({ logLevel: logLevel.NOTHING, ...config });
}

function silenceIdleQueues(): void {
  const load = createRequire(import.meta.url);
  const queue: { prototype: RequestQueue } = load('kafkajs/src/network/requestQueue/index.js');
  const schedule = queue.prototype.scheduleCheckPendingRequests;
  queue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
