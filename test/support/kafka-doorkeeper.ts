import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { BrokerUnavailable } from '../../infra/kafka/artifacts.ts';
import { startKafka, type TestKafka } from './kafka.ts';
import type { SharedAnswer } from './shared-kafka.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test files ask for the run's shared broker. */
    sharedKafka: string;
  }
}

/**
 * Vitest global set-up: a doorkeeper that starts the run's one broker when the first test asks for
 * it, so that a run without Kafka tests starts none, and stops it at the end.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<TestKafka | { reason: string }> | undefined;
  const server = createServer((_request, response) => {
    started ??= startKafka({ secured: true }).catch(whyNot);
    started.then(
      (kafka) => response.end(JSON.stringify(answer(kafka))),
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  project.provide('sharedKafka', `http://127.0.0.1:${port}/`);
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const kafka = await started;
    if (kafka !== undefined && 'broker' in kafka) await kafka[Symbol.asyncDispose]();
  };
}

function whyNot(error: unknown): { reason: string } {
  if (error instanceof BrokerUnavailable) return { reason: error.message };
  throw error;
}

function answer(kafka: TestKafka | { reason: string }): SharedAnswer {
  if ('reason' in kafka) return kafka;
  const { brokers, listeners, security } = kafka;
  if (security === undefined) throw new Error('the shared broker must have secured listeners');
  return { brokers, listeners, security };
}
