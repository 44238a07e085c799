import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const SERVICES = join(ROOT, 'services');

/** The closed unions of error codes, by the error's name, read from the sources. */
async function codesInCode(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const service of await readdir(SERVICES)) {
    for (const file of ['errors.ts', 'port.ts']) {
      const source = await readFile(join(SERVICES, service, file), 'utf8').catch(() => '');
      for (const [, name = '', union = ''] of source.matchAll(
        /export type (\w+)Code =\s*([^;]+);/g,
      )) {
        found.set(
          name,
          [...union.matchAll(/'([a-z0-9_]+)'/g)].map(([, code = '']) => code),
        );
      }
    }
  }
  return found;
}

/** The tables of docs/errors.md: codes by the error's name, and rows that say too little. */
async function codesInDocs() {
  const text = await readFile(join(ROOT, 'docs/errors.md'), 'utf8');
  const codes = new Map<string, string[]>();
  const thin: string[] = [];
  for (const section of text.split(/^## /m).slice(1)) {
    const name = /\(`(\w+)`\)/.exec(section)?.[1] ?? section.slice(0, 30);
    // The first table of a section; more may follow, of other things.
    const table = /(?:^\|.*\n?)+/m.exec(section)?.[0] ?? '';
    const rows = [...table.matchAll(/^\| `([a-z0-9_]+)`\s*\|([^|]*)\|([^|]*)\|$/gm)];
    codes.set(
      name,
      rows.map(([, code = '']) => code),
    );
    for (const [, code = '', what = '', todo = ''] of rows) {
      if (what.trim().length < 10 || todo.trim().length < 5) thin.push(`${name} ${code}`);
    }
  }
  return { codes, thin };
}

const inCode = await codesInCode();
const inDocs = await codesInDocs();

describe('docs/errors.md', () => {
  it('has a table for every error class and no other', () => {
    expect([...inDocs.codes.keys()].toSorted()).toEqual([...inCode.keys()].toSorted());
  });

  it.each([...inCode])('lists exactly the codes of %s', (name, codes) => {
    expect(codes.length).toBeGreaterThan(0);
    expect(inDocs.codes.get(name)?.toSorted()).toEqual(codes.toSorted());
  });

  it('says of each what happened and what to do', () => {
    expect(inDocs.thin).toEqual([]);
  });
});
