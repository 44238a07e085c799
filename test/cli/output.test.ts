import { describe, expect, it } from 'vitest';
import { createOutput, table } from '../../services/cli/output.ts';

function streams(isTTY: boolean) {
  const seen = { out: '', err: '' };
  const stdout = { write: (text: string) => (seen.out += text) };
  const stderr = { write: (text: string) => (seen.err += text), isTTY, columns: 60 };
  return { seen, streams: { stdout, stderr } };
}

describe('output', () => {
  it('is one JSON document a line with --json, and nothing else', () => {
    const { seen, streams: to } = streams(false);
    const out = createOutput(true, to);
    out.line('for people');
    out.result({ a: 1 }, () => 'for people');
    expect(seen.out).toBe('{"a":1}\n');
  });

  it('draws progress on a terminal alone, on standard error, within its width', () => {
    const piped = streams(false);
    const quiet = createOutput(false, piped.streams).progress('bytes', 10);
    quiet.update(5);
    quiet.end('done');
    expect(piped.seen).toEqual({ out: '', err: '' });
    const terminal = streams(true);
    createOutput(false, terminal.streams).progress('bytes', 10).update(5, 'x'.repeat(200));
    expect(terminal.seen.out).toBe('');
    expect(terminal.seen.err).toContain('[============            ] 50 %');
    expect(terminal.seen.err.split('K').at(-1)?.length).toBeLessThan(60);
  });

  it('lines columns up, numbers to the right', () => {
    expect(
      table(
        ['NAME', 'COUNT'],
        [
          ['a', 5],
          ['bcdef', 1234],
        ],
      ),
    ).toBe('NAME   COUNT\na          5\nbcdef  1,234');
  });
});
