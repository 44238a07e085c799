import type { Admin } from 'kafkajs';
import kafkajs from 'kafkajs';
import type { Logger } from '#platform';
import { delay } from '#platform';
import { IngestError } from '../errors.ts';

/** A topic, whose records all are of one source. */
export interface TopicSettings {
  readonly topic: string;
  /** Source of its records; the topic's own name unless told. */
  readonly source?: string | undefined;
  /** Format of records that are no Avro; tollbook's JSON unless told. */
  readonly format?: string | undefined;
  /** Raised by the operator's decision when the topic was created anew; 1 at first. */
  readonly incarnation?: number | undefined;
}

/** The log of a partition. */
export function logOf({ topic, incarnation = 1 }: TopicSettings, partition: number): string {
  return `t/${topic}/${incarnation}/${partition}`;
}

export interface Watermarks {
  /** Offset of the oldest record kept. */
  readonly low: number;
  /** Offset that the next record will have. */
  readonly high: number;
}

/** @returns undefined where the topic has no such partition now. */
export async function watermarksOf(
  admin: Admin,
  topic: string,
  partition: number,
): Promise<Watermarks | undefined> {
  const offsets = await admin.fetchTopicOffsets(topic);
  const found = offsets.find((entry) => entry.partition === partition);
  return found === undefined ? undefined : { low: Number(found.low), high: Number(found.high) };
}

/**
 * Whether and from where the partition can be read on, given where its log says to resume.
 *
 * @returns the offset to fetch next.
 * @throws IngestError `topic_recreated`, `offset_out_of_range`
 */
export function startingOffset(
  settings: TopicSettings,
  partition: number,
  where: { resume: number | undefined; marks: Watermarks },
): number {
  const { resume, marks } = where;
  if (resume === undefined) return marks.low;
  if (resume > marks.high)
    throw recreated(
      settings,
      partition,
      `the log goes on at offset ${resume}, the topic ends at ${marks.high}`,
    );
  if (resume < marks.low) {
    throw new IngestError(
      'offset_out_of_range',
      `${settings.topic}/${partition}: offsets ${resume} to ${marks.low - 1} were deleted from the topic before they were read; ` +
        `let the source send them again, then raise the topic's incarnation to ${(settings.incarnation ?? 1) + 1} to go on from ${marks.low}`,
    );
  }
  return resume;
}

export function recreated(
  settings: TopicSettings,
  partition: number,
  evidence: string,
): IngestError {
  return new IngestError(
    'topic_recreated',
    `${settings.topic}/${partition} is not the topic that was read before: ${evidence}; ` +
      `if it was created anew, raise its incarnation to ${(settings.incarnation ?? 1) + 1} and start again`,
  );
}

/** Waits until every topic exists. */
export async function waitForTopics(
  admin: Admin,
  topics: readonly string[],
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const existing = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !existing.has(topic));
    if (missing.length === 0) return;
    if (isFirst) logger.warn({ topics: missing }, 'waiting for topics that do not exist yet');
    await delay(2_000, signal);
  }
}

/**
 * Refuses a topic that keeps plaintext longer than allowed.
 *
 * @throws IngestError `retention_too_long`
 */
export async function checkRetention(
  admin: Admin,
  topics: readonly string[],
  maxMs: number,
): Promise<void> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: ['retention.ms', 'cleanup.policy'],
    })),
  });
  for (const { resourceName, configEntries } of resources) {
    const setting = (name: string) =>
      configEntries.find((entry) => entry.configName === name)?.configValue;
    const retention = Number(setting('retention.ms') ?? -1);
    const deletes = (setting('cleanup.policy') ?? 'delete').split(',').includes('delete');
    if (deletes && retention >= 0 && retention <= maxMs) continue;
    const kept =
      deletes && retention >= 0 ? `${Math.round(retention / 3_600_000)} h` : 'without end';
    throw new IngestError(
      'retention_too_long',
      `topic ${resourceName} keeps records in clear ${kept}, allowed are ${Math.round(maxMs / 3_600_000)} h; ` +
        'set its retention.ms (and cleanup.policy=delete), or TOLLBOOK_KAFKA_RETENTION_MAX_HOURS if policy allows more',
    );
  }
}
