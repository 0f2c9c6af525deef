import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { type Line, lineBytesMax, readLines } from '../../src/bulk/lines.ts';
import { randomFrom } from '../support/random.ts';
import { inChunks } from '../support/streaming.ts';

suite('readLines', () => {
  test('finds the same lines however the chunks are split', async (context) => {
    const bytes = fc.array(fc.constantFrom('\n', '\r\n', 'a', 'é', '', '"', '東'), { maxLength: 60 });
    const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
    const runs = 2_000;
    await fc.assert(
      fc.asyncProperty(bytes, sizes, async (parts, pieces) => {
        const text = parts.join('');
        const found = await linesOf(inChunks(Buffer.from(text), pieces));
        const expected = text.split('\n').map((line, index) => [index + 1, line]);
        if (text === '' || text.endsWith('\n')) expected.pop();
        assert.deepEqual(
          found.map(({ number, bytes }) => [number, bytes?.toString()]),
          expected,
        );
      }),
      { seed: randomFrom('lines').seed, numRuns: runs },
    );
    context.diagnostic(`${runs} texts split into chunks`);
  });

  test('skips a line that is too long without buffering it, and continues', async (context) => {
    const before = process.memoryUsage().rss;
    const [long, limit, next] = await linesOf(
      (async function* () {
        for (let piece = 0; piece < 4096; piece++) yield Buffer.alloc(65_536, 'x');
        yield Buffer.from(`\n${'y'.repeat(lineBytesMax)}\nnext`);
      })(),
    );
    const grown = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
    assert.deepEqual(
      [long?.bytes, limit?.bytes?.length, next?.bytes?.toString()],
      [null, lineBytesMax, 'next'],
    );
    context.diagnostic(`a line of 256 MB: RSS +${grown} MB`);
    assert.ok(grown < 128, `${grown} MB`);
  });

  test('drops a byte order mark at the beginning, and only there', async () => {
    const lines = await linesOf(inChunks(Buffer.from('\ufeffa\n\ufeffb'), [2]));
    assert.deepEqual(
      lines.map(({ bytes }) => bytes?.toString()),
      ['a', '\ufeffb'],
    );
  });
});

async function linesOf(source: AsyncIterable<Uint8Array>): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const batch of readLines(source)) lines.push(...batch);
  return lines;
}
