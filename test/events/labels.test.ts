import avsc from 'avsc';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadSchemas } from '#events';
import { Cursor } from '../../services/events/cursor.ts';
import { eventSchema } from './arbitraries.ts';

const schemas = await loadSchemas();
afterEach(() => vi.restoreAllMocks());

describe('the store of labels that stays in memory', () => {
  it.each(schemas.types().map(({ type }) => type))(
    'is never given a party field of %s',
    async (type) => {
      const { avro, fields } = await eventSchema(type);
      const writer = avsc.Type.forSchema(avro as avsc.Schema);
      const values = schemas.plan(type).blank();
      for (const { name, owner, default: initial, type: form, values: allowed } of fields) {
        if (owner !== undefined) values[name] = '+447700900123';
        else if (initial === undefined)
          values[name] = form === 'string' ? (allowed?.[0] ?? 'x') : 1;
      }
      const kept: string[] = [];
      const label = Cursor.prototype.label;
      vi.spyOn(Cursor.prototype, 'label').mockImplementation(function (this: Cursor) {
        const text = label.call(this);
        kept.push(text);
        return text;
      });
      const reader = schemas.readerFor(avro);
      const read = reader.decode(writer.toBuffer(values));
      const personal = fields.filter(({ owner }) => owner !== undefined);
      for (const { name } of personal) expect(read[name]).toBe('+447700900123');
      expect(kept.filter((text) => text.includes('7700'))).toEqual([]);
    },
  );

  it('gives the same text for the same bytes, whatever collides with it', () => {
    const cursor = new Cursor();
    const texts = Array.from({ length: 20_000 }, (_, i) => `label-${i}`);
    for (const text of [...texts, ...texts, '', 'ünïcode', 'x'.repeat(30)]) {
      const bytes = Buffer.from(text);
      cursor.start(Buffer.concat([Buffer.from([bytes.length * 2]), bytes]), 0);
      expect(cursor.label()).toBe(text);
    }
  });
});
