import { describe, expect, it } from 'vitest';
import { plainSwap } from '../../services/vault/swap.ts';

const HEAD = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';

describe('the look at swap', () => {
  it('names areas that may reach a disk in clear, and no others', () => {
    const areas = `${HEAD}/dev/zram0 partition 8 0 100\n/swap.img file 8 0 -2\n/dev/dm-1 partition 8 0 -3\n`;
    expect(plainSwap(areas)).toEqual(['/swap.img']);
    expect(plainSwap(HEAD)).toEqual([]);
    expect(plainSwap('')).toEqual([]);
  });
});
