import { createTokenStore } from '#api';
import { jsonLine } from '#traffic';
import { dataFolder } from '../../../services/cli/place.ts';
import type { Figure, Measured } from '../figure.ts';
import { usageOf } from '../cpu.ts';
import { dayOf, playDay } from '../topic.ts';

const lines = 200_000;

/** One long NDJSON stream into `POST /v1/events`, until its last line is answered as durable. */
export const http: Figure = {
  name: 'http',
  title: 'HTTP NDJSON intake → journal (one stream)',
  runs: 3,
  async measure(world): Promise<Measured> {
    await using ledger = await world.ledger('bench', { TOLLBOOK_PORT: '0', TOLLBOOK_KAFKA: '' });
    const tokens = createTokenStore(dataFolder(String(ledger.env['TOLLBOOK_DATA'])).tokens);
    const { secret } = await tokens.create({ name: 'bench', role: 'switch', source: 'bench' });
    const api = await ledger.start('api');
    const { url = '' } = await api.ready;
    const chunks = streamOf(lines);
    const before = usageOf(api.pid).cpuSeconds;
    const began = performance.now();
    const durable = await post(new URL('/v1/events', url), secret, chunks);
    const seconds = (performance.now() - began) / 1000;
    const { cpuSeconds, peakMb } = usageOf(api.pid);
    await api.stop();
    return {
      'events/s': durable / seconds,
      'api µs/event': ((cpuSeconds - before) / durable) * 1e6,
      'api peak MiB': peakMb,
    };
  },
};

/** Made before the clock starts: making JSON is the sender's work. */
function streamOf(count: number): Buffer[] {
  const chunks: Buffer[] = [];
  let made = 0;
  for (const batch of playDay(dayOf(count))) {
    const kept = batch.slice(0, count - made);
    made += kept.length;
    chunks.push(Buffer.from(kept.map((emission) => `${jsonLine(emission)}\n`).join('')));
    if (made >= count) break;
  }
  return chunks;
}

async function post(url: URL, token: string, chunks: readonly Buffer[]): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${token}` },
    body: ReadableStream.from(chunks),
    duplex: 'half',
  });
  const text = await response.text();
  const last: { durable: number; done?: boolean } = JSON.parse(
    text.trim().split('\n').at(-1) ?? '',
  );
  if (!response.ok || last.done !== true)
    throw new Error(`the intake answered ${text.slice(-200)}`);
  return last.durable;
}
