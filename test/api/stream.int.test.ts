import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenStore } from '#api';
import { dataFolder } from '../../services/cli/place.ts';
import { openHouse } from './support/house.ts';
import type { House } from './support/house.ts';
import { call, SAM } from './support/samples.ts';

let house: House;
let url: string;
beforeAll(async () => {
  house = await openHouse();
  url = await house.api.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => house[Symbol.asyncDispose]());

async function* frames(
  token: string,
): AsyncGenerator<{ event: string; data: Record<string, unknown> }> {
  const response = await fetch(`${url}/v1/stream`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!response.ok || response.body === null)
    throw new Error(`the stream answered ${response.status}`);
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const [event = '', data = ''] = part
        .split('\n')
        .map((line) => line.slice(line.indexOf(': ') + 2));
      yield { event, data: JSON.parse(data) };
    }
  }
}

describe('the live stream', () => {
  it('carries status and latest communications, numbers masked', async () => {
    await house.tell(call('s1'));
    for await (const { event, data } of frames(house.tokens.operator)) {
      expect(event).toBe('ledger');
      expect(data['status']).toMatchObject({ quarantined: 0 });
      expect(data['latest']).toHaveLength(1);
      expect(JSON.stringify(data)).not.toContain(SAM.slice(1));
      break;
    }
  });

  it('is not for accounts or switches, and not without a token', async () => {
    for (const token of [house.tokens.account, house.tokens.switch, 'tb_no']) {
      await expect(frames(token).next()).rejects.toThrow(/40[13]/);
    }
  });

  it('ends when its token is revoked', async () => {
    const store = createTokenStore(dataFolder(house.ledger.config.data).tokens);
    const { token, secret } = await store.create({ name: 'short', role: 'auditor' });
    const events: string[] = [];
    for await (const { event, data } of frames(secret)) {
      events.push(event);
      if (events.length === 1) await store.revoke(token.id);
      if (event === 'problem') expect(data['code']).toBe('unauthenticated');
    }
    expect(events.at(-1)).toBe('problem');
  });
});
