/** Runs every example of docs/clients.md and compares what it prints. Planted: another status on the page. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeEngines } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';

interface Runner {
  readonly file: string;
  readonly command: readonly [string, ...string[]];
  /** A command that succeeds only if the program is installed. */
  readonly probe: readonly string[];
}

/** By the heading of the section. */
const runners: Readonly<Record<string, Runner>> = {
  curl: { file: 'example.sh', command: ['sh'], probe: ['-c', 'curl --help all | grep -q -e --json'] },
  fetch: { file: 'example.mjs', command: [process.execPath], probe: ['--version'] },
  axios: { file: 'example.mjs', command: [process.execPath], probe: ['--version'] },
  Python: { file: 'example.py', command: ['python3'], probe: ['--version'] },
  Go: { file: 'example.go', command: ['go', 'run'], probe: ['version'] },
};

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = await readFile(join(root, 'docs/clients.md'), 'utf8');

describeEngines('docs/clients.md', (engine) => {
  for (const [title, { file, command, probe }] of Object.entries(runners)) {
    const [program, ...given] = command;
    const isHere = spawnSync(program, [...probe], { stdio: 'ignore' }).status === 0;
    test(title, { skip: isHere ? false : `no ${title} here` }, async (context) => {
      const service = await startTestService(context, { engine });
      const folder = await mkdtemp(join(tmpdir(), 'customers-test-example-'));
      context.after(() => rm(folder, { recursive: true, force: true }));
      await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
      const { text, printed } = example(title);
      await writeFile(join(folder, file), text.replaceAll('127.0.0.1:8080', new URL(service.url).host));
      // Ignore proxies and the user's .curlrc. HOME stays, because Go caches builds there.
      const env = { ...process.env, NO_PROXY: '*', CURL_HOME: '/nonexistent' };
      const options = { cwd: folder, env, timeout: 120_000 };
      const { stdout } = await promisify(execFile)(program, [...given, file], options);
      assert.equal(stdout, `${printed}\n`);
    });
  }

  test('every block of code with an output is run', () => {
    const outputs = [...page.matchAll(/^```text$/gm)];
    assert.equal(outputs.length, Object.keys(runners).length);
  });
});

/** The block of code below a heading, and the block of text after it. */
function example(title: string): { text: string; printed: string } {
  const [, section = ''] = new RegExp(`^## ${title}\\n(.*?)(?=^## |(?![^]))`, 'ms').exec(page) ?? [];
  const [, text = '', printed = ''] = /^```\w+\n(.*?)^```\n\n```text\n(.*?)\n```$/ms.exec(section) ?? [];
  assert.ok(text !== '' && printed !== '', `docs/clients.md has no example under ${title}`);
  return { text, printed };
}
