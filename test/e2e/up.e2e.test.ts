import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSite, startUp, tollbook } from './support/up.ts';
import type { Site, Up } from './support/up.ts';

const EVENT = `{"type":"call.initiated","communicationId":"e2e-1","accountId":"acme","occurredAt":${Date.now() * 1000},"direction":"outbound","callerNumber":"+447700900123","calleeNumber":"+12025550147"}`;

let site: Site;
let up: Up;
beforeAll(async () => {
  site = await newSite();
  up = await startUp(site);
});
afterAll(async () => {
  await up.stop();
  await site[Symbol.asyncDispose]();
});

describe('tollbook up', () => {
  it('draws a token that only the owner of the folder can read, and puts it into the fragment of the URL', async () => {
    const url = new URL(up.url);
    expect(url.hostname).toBe('127.0.0.1');
    expect(url.search).toBe('');
    const token = new URLSearchParams(url.hash.slice(1)).get('token');
    expect((await readFile(join(site.data, 'operator.token'), 'utf8')).trim()).toBe(token);
    for (const file of ['operator.token', 'tokens.json', 'running.json', 'traffic.token']) {
      expect([file, (await stat(join(site.data, file))).mode & 0o777]).toEqual([file, 0o600]);
    }
    expect((await stat(`${site.data}-root`)).mode & 0o077).toBe(0);
  });

  it('takes one event from a pipe and shows it again', async () => {
    const taken = await tollbook(site, ['ingest', '-'], { input: `${EVENT}\n` });
    expect([taken.code, taken.err]).toEqual([0, '']);
    const id = /^tollbook cdr show (\S+)$/m.exec(taken.out)?.[1] ?? '';
    const shown = await tollbook(site, ['cdr', 'show', id]);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain('call.initiated');
    expect(shown.out).not.toContain('12025550147');
    const opened = await tollbook(site, ['cdr', 'show', id, '--open', 'fault_finding', '--json']);
    expect(JSON.parse(opened.out).parties).toEqual([
      expect.objectContaining({ role: 'caller', number: '+447700900123' }),
      expect.objectContaining({ role: 'callee', number: '+12025550147' }),
    ]);
  });

  it('reads history by a number that never stands on the command line', async () => {
    const found = await tollbook(
      site,
      ['history', 'acme', '--purpose', 'fault_finding', '--number', '-', '--json'],
      { input: '+12025550147\n' },
    );
    expect(JSON.parse(found.out)).toMatchObject({ counterpart: { number: '+12025550147' } });
  });

  it('says what cannot be read, by exit code too', async () => {
    const taken = await tollbook(site, ['ingest', '-'], { input: 'no event\n' });
    expect(taken.code).toBe(6);
    expect(taken.out).toContain('undecodable');
    const id = /quarantined: (\S+)/.exec(taken.out)?.[1] ?? '';
    expect((await tollbook(site, ['quarantine', 'replay', id])).code).toBe(6);
    expect(
      (await tollbook(site, ['cdr', 'show', '00000000-0000-5000-8000-000000000000'])).code,
    ).toBe(3);
    expect((await tollbook(site, ['usage', '--by', 'moon'])).code).toBe(2);
    expect((await tollbook(site, ['rebuild', 'moon'])).code).toBe(2);
  });

  it('rebuilds a view and finds nothing else in it', async () => {
    const report = await tollbook(site, ['rebuild', 'cdr', '--diff', '--json']);
    expect([report.code, report.err]).toEqual([0, '']);
    expect(JSON.parse(report.out)).toMatchObject({
      view: 'cdr',
      differing: 0,
      onlyLive: 0,
      onlyRebuilt: 0,
      swapped: false,
    });
  });

  it('refuses a second start on the same folder with a sentence', async () => {
    const second = await tollbook(site, ['up']);
    expect(second.code).toBe(7);
    expect(second.err).toMatch(/up on this data folder already/);
  });

  it('refuses a revoked token from the next request on', async () => {
    const made = await tollbook(site, ['token', 'create', 'short', '--role', 'auditor', '--json']);
    const { id, token }: { id: string; token: string } = JSON.parse(made.out);
    const ask = () =>
      fetch(new URL('/v1/status', up.url), { headers: { authorization: `Bearer ${token}` } });
    expect((await ask()).status).toBe(200);
    expect((await tollbook(site, ['token', 'revoke', id])).code).toBe(0);
    expect((await ask()).status).toBe(401);
  });

  it('starts a role again that was killed, and says so', async () => {
    const { pid } = JSON.parse(await readFile(join(site.data, 'running.json'), 'utf8'));
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => ''))
      .trim()
      .split(' ');
    const api = await firstApi(children);
    if (api === undefined) return;
    process.kill(api, 'SIGKILL');
    await up.said(/api ended .*starting it again/);
    await up.said(/api answers at .*again/);
  });

  it('stops cleanly and goes on from there, with the same token', async () => {
    const before = up.url;
    expect(await up.stop()).toBe(0);
    expect((await tollbook(site, ['status'])).code).toBe(4);
    up = await startUp(site);
    expect(new URL(up.url).hash).toBe(new URL(before).hash);
    const list = await tollbook(site, ['cdr', 'list', '--json']);
    expect(list.out.trim().split('\n')).toHaveLength(1);
  });
});

describe('tollbook up, where it cannot', () => {
  it('says that the port is in use before anything is started', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A listening TCP server has such an address.
    const { port } = server.address() as AddressInfo;
    await using elsewhere = await newSite();
    const refused = await tollbook(elsewhere, ['up'], { env: { TOLLBOOK_PORT: String(port) } });
    expect(refused.code).toBe(8);
    expect(refused.err).toContain(`port ${port} of 127.0.0.1 is in use`);
    await new Promise((resolve) => server.close(resolve));
  });

  it('names a setting that does not exist', async () => {
    await using elsewhere = await newSite();
    const refused = await tollbook(elsewhere, ['status'], { env: { TOLLBOOK_PROT: '1' } });
    expect(refused.err).toContain('TOLLBOOK_PROT is no setting');
  });
});

/** The process among these that runs the api role; undefined where there is no /proc. */
async function firstApi(pids: readonly string[]): Promise<number | undefined> {
  for (const pid of pids) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.endsWith('run\0api\0')) return Number(pid);
  }
  return undefined;
}
