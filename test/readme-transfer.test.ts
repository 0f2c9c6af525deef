/** Holds the README's section on import and export to what is so. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { describeEngines } from './support/engines.ts';
import { startTestService } from './support/service.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const [, section = ''] = /^## Import and export\n(.*?)^## /ms.exec(readme) ?? [];
const blocks = [...section.matchAll(/^```\w+\n(.*?)\n```$/gms)].map(([, text = '']) => text);

describeEngines('README, import and export', (engine) => {
  const skip = spawnSync('curl', ['--version']).status === 0 ? false : 'curl is not installed';

  test('each line answers what is printed', { skip }, async (context) => {
    const service = await startTestService(context, { engine });
    assert.equal(blocks.length, 4, 'two lines, each followed by its answer');
    for (const [command = '', printed = ''] of [blocks.slice(0, 2), blocks.slice(2)]) {
      const line = command.replace('127.0.0.1:8080', new URL(service.url).host);
      const env = { ...process.env, NO_PROXY: '*', HOME: '/nonexistent', CURL_HOME: '/nonexistent' };
      const { stdout } = await promisify(execFile)('sh', ['-c', line], { env, timeout: 30_000 });
      assert.equal(generalized(stdout.trimEnd()), generalized(printed));
    }
  });
});

/** Ids differ from run to run, and the page leaves the problem out. */
function generalized(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replace(/"problem":\{.*\}\}/g, '"problem":{…}}');
}
