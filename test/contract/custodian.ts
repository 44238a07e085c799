import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Custodian } from '#vault';

/** How one kind of custodian is made for the suite. */
export interface CustodianPlace {
  /** A custodian on the same keys, as another process (or a restart) would open it. */
  open(): Promise<Custodian>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What every custodian must do; an adapter's test is this with its own factory. */
export function custodianContract(name: string, create: () => Promise<CustodianPlace>): void {
  describe(`the custodian contract (${name})`, () => {
    let place: CustodianPlace;
    let custodian: Custodian;

    beforeEach(async () => {
      place = await create();
      custodian = await place.open();
    });
    afterEach(() => place[Symbol.asyncDispose]());

    it('begins with no generation', async () => {
      expect(await custodian.generations()).toEqual([]);
    });

    it('opens what it sealed, also after a restart', async () => {
      const key = randomBytes(32);
      await custodian.create(1);
      const sealed = await custodian.seal(1, key);
      expect(Buffer.from(sealed).includes(key)).toBe(false);
      expect(await custodian.open(1, sealed)).toEqual(key);
      const again = await place.open();
      expect(await again.generations()).toEqual([1]);
      expect(await again.open(1, sealed)).toEqual(key);
    });

    it('never seals the same key to the same bytes', async () => {
      await custodian.create(1);
      const key = randomBytes(32);
      expect(await custodian.seal(1, key)).not.toEqual(await custodian.seal(1, key));
    });

    it('keeps several generations until the older ones are destroyed', async () => {
      await custodian.create(3);
      await custodian.create(4);
      expect(await custodian.generations()).toEqual([3, 4]);
      const sealed = await custodian.seal(3, randomBytes(32));
      const other = await custodian.seal(4, randomBytes(32));
      await custodian.destroyBelow(4);
      expect(await custodian.generations()).toEqual([4]);
      await expect(custodian.open(3, sealed)).rejects.toMatchObject({ code: 'root_missing' });
      await expect(custodian.seal(3, randomBytes(32))).rejects.toMatchObject({
        code: 'root_missing',
      });
      expect(await custodian.open(4, other)).toHaveLength(32);
    });

    it('has nothing against destroying what is gone', async () => {
      await custodian.create(2);
      await custodian.destroyBelow(2);
      await custodian.destroyBelow(2);
      expect(await custodian.generations()).toEqual([2]);
    });

    it('refuses a generation that is not higher than those it has', async () => {
      await custodian.create(5);
      await expect(custodian.create(5)).rejects.toMatchObject({ code: 'bad_request' });
      await expect(custodian.create(4)).rejects.toMatchObject({ code: 'bad_request' });
    });

    it('opens nothing that another generation sealed, or that was changed', async () => {
      await custodian.create(1);
      await custodian.create(2);
      const sealed = Buffer.from(await custodian.seal(1, randomBytes(32)));
      await expect(custodian.open(2, sealed)).rejects.toMatchObject({ code: 'tampered' });
      sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
      await expect(custodian.open(1, sealed)).rejects.toMatchObject({ code: 'tampered' });
    });
  });
}
