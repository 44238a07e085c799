import { describe, expect, it } from 'vitest';
import { createPatience } from '../../services/events/patience.ts';

const minute = 60_000;

describe('patience with what a registry does not know', () => {
  it('is whole for the first case, and a few seconds for those right after it', () => {
    let now = 0;
    const patience = createPatience(5 * minute, () => now);
    expect(patience.leftMs()).toBe(5 * minute);
    now += 5 * minute;
    patience.spend(5 * minute);
    expect(patience.leftMs()).toBe(5_000);
  });

  it('comes back at a tenth of the time that passes, and never to more than it was', () => {
    let now = 0;
    const patience = createPatience(5 * minute, () => now);
    patience.spend(5 * minute);
    now += 10 * minute;
    expect(patience.leftMs()).toBe(minute);
    now += 1000 * minute;
    expect(patience.leftMs()).toBe(5 * minute);
  });

  it('keeps a stream of nonsense from taking more than a small part of the time', () => {
    let now = 0;
    let waited = 0;
    const patience = createPatience(5 * minute, () => now);
    for (let i = 0; i < 1000; i++) {
      now += minute;
      const wait = patience.leftMs();
      patience.spend(wait);
      waited += wait;
    }
    expect(waited / now).toBeLessThan(0.12);
  });

  it('never asks for more than it was set to', () => {
    expect(createPatience(100).leftMs()).toBe(100);
  });
});
