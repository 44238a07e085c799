import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODES, runCli } from '#cli';
import { verbs } from '../../services/cli/commands/index.ts';
import { EXIT_CODE_HELP } from '../../services/cli/errors.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollbook-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...args: string[]) {
  let out = '';
  let err = '';
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  };
  const code = await runCli(args, { TOLLBOOK_DATA: join(folder, 'data') }, streams);
  return { code, out, err };
}

describe('the command line', () => {
  it('lists its verbs, and every verb explains itself', async () => {
    const overview = await run();
    for (const { name, summary } of verbs) {
      if (name !== 'run') expect(overview.out).toContain(`${name.padEnd(10)}  ${summary}`);
      const asked = await run(name, '--help');
      expect([asked.code, asked.err]).toEqual([0, '']);
      expect(asked.out).toContain(`tollbook ${name}`);
      expect(asked.out).toContain('--json');
      expect((await run('help', name)).out).toBe(asked.out);
    }
  });

  it('prints the tables of settings and exit codes', async () => {
    expect((await run('help', 'settings')).out).toContain('TOLLBOOK_DATA');
    const { out } = await run('help', 'exit-codes');
    for (const [code, number] of Object.entries(EXIT_CODES)) {
      expect(out).toContain(
        `${String(number).padStart(3)}  ${EXIT_CODE_HELP[code as keyof typeof EXIT_CODE_HELP]}`,
      );
    }
    expect(new Set(Object.values(EXIT_CODES)).size).toBe(Object.keys(EXIT_CODES).length);
  });

  it.each([
    ['an unknown verb', ['fly'], 'usage'],
    ['an unknown option', ['status', '--fast'], 'usage'],
    ['an option without its value', ['cdr', 'list', '--limit'], 'usage'],
    ['a number out of range', ['up', '--rate', '0'], 'usage'],
    ['too many arguments', ['status', 'now'], 'usage'],
    ['a role that is none', ['run', 'everything'], 'usage'],
    ['a topic that is none', ['help', 'everything'], 'usage'],
    ['cdr without an id', ['cdr', 'show'], 'usage'],
    ['a format that is none', ['ingest', 'x', '--format', 'morse'], 'usage'],
    ['a file that is not there', ['ingest', '/nowhere/at/all'], 'not_found'],
    ['no tollbook that is up', ['status'], 'not_running'],
    ['an address where nothing answers', ['status', '--url', 'http://127.0.0.1:9'], 'refused'],
    ['a token that does not exist', ['token', 'revoke', 'tok-none'], 'not_found'],
    ['a switch without a source', ['token', 'create', 'x', '--role', 'switch'], 'usage'],
    ['a role that no token can have', ['token', 'create', 'x', '--role', 'king'], 'usage'],
  ] as const)('ends with its own exit code for %s', async (_, args, code) => {
    const { code: exit, out, err } = await run(...args);
    expect([exit, out]).toEqual([EXIT_CODES[code], '']);
    expect(err).toMatch(/^tollbook: .{20,}\n$/);
  });

  it('prints a failure as JSON with --json', async () => {
    const { err } = await run('status', '--json');
    expect(JSON.parse(err)).toMatchObject({ error: 'not_running' });
  });

  it('makes, lists and revokes tokens without a ledger being up, and shows a secret once', async () => {
    const made = await run(
      'token',
      'create',
      'edge-1',
      '--role',
      'switch',
      '--source',
      'edge-1',
      '--json',
    );
    const { id, token } = JSON.parse(made.out);
    expect(token).toMatch(/^tb_[\w-]{43}$/);
    const listed = await run('token', 'list');
    expect(listed.out).toContain(id);
    expect(listed.out).not.toContain(token);
    expect((await run('token', 'revoke', id)).code).toBe(0);
    expect((await run('token', 'list')).out).toContain('revoked');
  });
});
