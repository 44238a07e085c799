import { randomBytes } from 'node:crypto';
import {
  chmod,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyFileCustodian } from '#vault/custodian';
import { custodianContract } from '#test/contract/custodian.ts';

async function newPlace() {
  const parent = await mkdtemp(join(tmpdir(), 'tollbook-root-'));
  const folder = join(parent, 'root');
  return {
    parent,
    folder,
    open: () => createKeyFileCustodian({ folder }),
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }),
  };
}

custodianContract('key file', newPlace);

describe('the key file custodian', () => {
  let place: Awaited<ReturnType<typeof newPlace>>;
  const first = () => join(place.folder, 'root-0000000001.key');

  beforeEach(async () => {
    place = await newPlace();
  });
  afterEach(() => place[Symbol.asyncDispose]());

  it('refuses a folder or a key that others may read, and says how to mend it', async () => {
    const custodian = await place.open();
    await custodian.create(1);
    const sealed = await custodian.seal(1, randomBytes(32));
    await chmod(first(), 0o640);
    const refusal = { code: 'root_permissions', message: expect.stringContaining('chmod go=') };
    await expect(custodian.open(1, sealed)).rejects.toMatchObject(refusal);
    await expect(place.open()).rejects.toMatchObject(refusal);
    await chmod(first(), 0o600);
    await chmod(place.folder, 0o755);
    await expect(place.open()).rejects.toMatchObject(refusal);
  });

  it('refuses a folder within the data folder, so that no copy of the data holds the key', async () => {
    const options = {
      folder: join(place.parent, 'data', 'root'),
      outside: join(place.parent, 'data'),
    };
    await expect(createKeyFileCustodian(options)).rejects.toMatchObject({
      code: 'root_permissions',
      message: expect.stringContaining('TOLLBOOK_ROOT'),
    });
    const beside = { folder: join(place.parent, 'data-root'), outside: join(place.parent, 'data') };
    await expect(createKeyFileCustodian(beside)).resolves.toBeDefined();
  });

  it('overwrites the bytes of a destroyed root before it lets the file go', async () => {
    const custodian = await place.open();
    await custodian.create(1);
    await custodian.create(2);
    const bytes = await readFile(first());
    // A second name for the same bytes on disk: it sees what is left there after the unlink.
    await link(first(), join(place.parent, 'witness'));
    await custodian.destroyBelow(2);
    const left = await readFile(join(place.parent, 'witness'));
    expect(left.includes(bytes.subarray(16, 48))).toBe(false);
    expect(await readdir(place.folder)).toEqual(['root-0000000002.key']);
  });

  it('finishes what a crash left half made or half destroyed', async () => {
    const custodian = await place.open();
    await custodian.create(1);
    await copyFile(first(), join(place.folder, 'root-0000000000.dying'));
    await writeFile(join(place.folder, 'root-0000000002.new'), 'half', { mode: 0o600 });
    await link(join(place.folder, 'root-0000000000.dying'), join(place.parent, 'witness'));
    const bytes = await readFile(first());
    await custodian.create(2);
    expect((await readdir(place.folder)).sort()).toEqual([
      'root-0000000001.key',
      'root-0000000002.key',
    ]);
    expect((await readFile(join(place.parent, 'witness'))).equals(bytes)).toBe(false);
  });

  it('tells a damaged or shortened root from a missing one', async () => {
    const custodian = await place.open();
    await custodian.create(1);
    const sealed = await custodian.seal(1, randomBytes(32));
    const bytes = await readFile(first());
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    await writeFile(first(), bytes);
    await expect(custodian.open(1, sealed)).rejects.toMatchObject({ code: 'tampered' });
    await writeFile(first(), bytes.subarray(0, 40));
    await expect(custodian.open(1, sealed)).rejects.toMatchObject({ code: 'tampered' });
    await rm(first());
    await expect(custodian.open(1, sealed)).rejects.toMatchObject({ code: 'root_missing' });
  });

  it('makes its folder for its own user alone', async () => {
    await mkdir(place.folder, { mode: 0o700 });
    const custodian = await place.open();
    expect(custodian.name).toContain(place.folder);
  });
});
