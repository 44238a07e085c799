import { compress } from 'snappy';
import { describe, expect, test } from 'vitest';
import { unsnappy } from '../../../services/ingest/kafka/codecs.ts';

describe('snappy', () => {
  const text = Buffer.from('a record, and another record, and another record');

  test('is read raw, as librdkafka writes it', async () => {
    expect((await unsnappy(await compress(text))).equals(text)).toBe(true);
  });

  test('is read in the blocks that Java writes', async () => {
    const blocks = await Promise.all([compress(text.subarray(0, 20)), compress(text.subarray(20))]);
    const framed = blocks.flatMap((block) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(block.length);
      return [length, block];
    });
    const header = Buffer.from('82534e41505059000000000100000001', 'hex');
    expect((await unsnappy(Buffer.concat([header, ...framed]))).equals(text)).toBe(true);
  });

  test('a block that ends behind its batch is an error, not a read beyond it', async () => {
    const header = Buffer.from('82534e4150505900000000010000000100ffffff', 'hex');
    await expect(unsnappy(header)).rejects.toThrow(RangeError);
  });
});
