import { describe, expect, it } from 'vitest';
import type { Generations } from '../../../services/vault/key-tree/gate.ts';
import { checkGate, passGate } from '../../../services/vault/key-tree/gate.ts';

const custodian = { name: 'key file in /somewhere' };
const state = (live: number[], tree: number, done: number, began?: number): Generations => ({
  custodian: live,
  tree,
  log: began === undefined ? { done } : { done, began },
});

describe('the gate', () => {
  it.each([
    ['nothing exists yet', state([], 0, 0)],
    ['the first root is being made', state([1], 0, 0, 1)],
    ['all three agree', state([7], 7, 7)],
    ['a turn was begun', state([7], 7, 7, 8)],
    ['the new root exists', state([7, 8], 7, 7, 8)],
    ['the tree has turned', state([7, 8], 8, 7, 8)],
    ['the old root is destroyed', state([8], 8, 7, 8)],
    ['a plan was given up and another begun', state([7, 8, 9], 7, 7, 9)],
  ])('opens when %s', (_, generations) => {
    expect(() => checkGate(generations, custodian)).not.toThrow();
  });

  it.each([
    ['the key tree', state([7], 5, 7)],
    ['the key tree', state([7, 8], 6, 7, 8)],
    ['the key tree', state([8], 7, 8)],
    ['the decision log', state([7], 7, 5)],
    ['the decision log', state([7], 7, 0)],
    ['the key file', state([5], 7, 7)],
    ['the key file', state([7], 8, 7, 8)],
    ['the key file', state([6, 7], 7, 7)],
    ['the decision log, and the key tree with it', state([7], 5, 5)],
  ])('says that %s is older', (older, generations) => {
    expect(() => checkGate(generations, custodian)).toThrow(
      expect.objectContaining({
        code: 'generation_mismatch',
        message: expect.stringMatching(new RegExp(`^(the )?${older}.* older than`)),
      }),
    );
  });

  it('says that the root is missing when the custodian is empty', () => {
    expect(() => checkGate(state([], 7, 7), custodian)).toThrow(
      expect.objectContaining({ code: 'root_missing' }),
    );
  });

  it('reads again while a turn moves between the readings, and refuses what stands still', async () => {
    const readings = [state([7], 8, 7, 8), state([7, 8], 8, 7, 8)];
    const passed = await passGate(async () => readings.shift() ?? state([8], 8, 8), custodian);
    expect(passed.tree).toBe(8);
    await expect(passGate(async () => state([7], 8, 7, 8), custodian)).rejects.toMatchObject({
      code: 'generation_mismatch',
    });
  });
});
