import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import {
  canonicalForm,
  fingerprintText,
  schemaFingerprint,
} from '../../services/events/fingerprint.ts';

const folder = new URL('../../schemas/', import.meta.url);

describe('the fingerprint of a schema', () => {
  it.each([
    ['null', '63dd24e7cc258f8a'],
    ['int', '7275d51a3f395c8f'],
    ['boolean', '9f42fc78a4d4f764'],
    ['long', 'd054e14493f41db7'],
    ['string', '8f014872634503c7'],
  ])("is Avro's published one for %s", (schema, expected) => {
    expect(fingerprintText(schemaFingerprint(schema))).toBe(expected);
    expect(fingerprintText(schemaFingerprint({ type: schema, doc: 'more' }))).toBe(expected);
  });

  it.each(readdirSync(folder).filter((file) => file.endsWith('.avsc')))(
    'is taken over the same canonical form that avsc finds for %s',
    (file) => {
      const schema = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      const ours = createHash('md5').update(canonicalForm(schema)).digest('hex');
      expect(ours).toBe(avsc.Type.forSchema(schema).fingerprint('md5').toString('hex'));
    },
  );

  it('resolves names as nested namespaces say', () => {
    const schema = {
      type: 'record',
      name: 'a.b.Outer',
      doc: 'gone',
      fields: [
        { name: 'kind', default: 'X', type: { type: 'enum', name: 'Kind', symbols: ['X', 'Y'] } },
        { name: 'again', type: ['null', 'Kind'] },
        { name: 'hash', type: { type: 'fixed', size: 4, name: 'Hash', namespace: 'c' } },
        { name: 'list', type: { type: 'array', items: { type: 'map', values: 'c.Hash' } } },
      ],
    };
    expect(canonicalForm(schema)).toBe(
      '{"name":"a.b.Outer","type":"record","fields":[' +
        '{"name":"kind","type":{"name":"a.b.Kind","type":"enum","symbols":["X","Y"]}},' +
        '{"name":"again","type":["null","a.b.Kind"]},' +
        '{"name":"hash","type":{"name":"c.Hash","type":"fixed","size":4}},' +
        '{"name":"list","type":{"type":"array","items":{"type":"map","values":"c.Hash"}}}]}',
    );
  });
});
