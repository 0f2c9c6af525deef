import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { examplesOf, readPage } from '../docs/page-blocks.ts';
import { difference } from '../docs/printed-output.ts';
import { endWithThisProcess } from '../support/child-processes.ts';
import { afterwards } from '../support/cleanup.ts';
import { contentsOf, temporaryFolder } from '../support/folder-contents.ts';
import { startCommand } from '../support/process.ts';
import { program } from '../support/program.ts';

const listening = /"url":"(http:[^"]+)"/;
const terminalTimeoutMs = 30_000;

describe('customers serve', () => {
  test('logs where it listens as one line of JSON when not on a terminal', async (context) => {
    const cwd = await temporaryFolder(context);
    const service = await startCommand(['serve'], { cwd, env: { PORT: '0' }, ready: /\n/ });
    afterwards(context, async () => void (await service.stop()));
    const line = JSON.parse(service.match.input);
    const { time, url, ...rest } = line;
    assert.deepEqual(rest, { level: 30, version: rest.version, database: 'sqlite', msg: 'listening' });
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.ok(Math.abs(Date.now() - Date.parse(time)) < 60_000, time);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
  });

  test('keeps its files readable by their owner only, even under a permissive umask', async (context) => {
    const cwd = await temporaryFolder(context);
    const nodeArguments = ['--import', 'data:text/javascript,process.umask(0)', ...program];
    const service = await startCommand(['serve'], {
      cwd,
      nodeArguments,
      env: { PORT: '0' },
      ready: listening,
    });
    const running = contentsOf(cwd);
    await service.stop();
    for (const [path, entry] of Object.entries({ ...running, ...contentsOf(cwd) })) {
      assert.match(entry, entry.endsWith('folder') ? /^700 / : /^600 /, path);
    }
    assert.ok(Object.keys(running).includes('data/customers.db'), Object.keys(running).join());
  });

  test('leaves one file and its lock after it stops', async (context) => {
    const cwd = await temporaryFolder(context);
    const service = await startCommand(['serve'], { cwd, env: { PORT: '0' }, ready: listening });
    await service.stop();
    assert.deepEqual(Object.keys(contentsOf(cwd)), ['data', 'data/customers.db', 'data/customers.db.lock']);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`leaves nothing behind with sqlite::memory: after ${signal}`, async (context) => {
      const cwd = await temporaryFolder(context);
      const env = { PORT: '0', DATABASE_URL: 'sqlite::memory:', TMPDIR: cwd };
      const service = await startCommand(['serve'], { cwd, env, ready: listening });
      const created = await fetch(`${service.match[1]}/customers`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"name":"Ada"}',
      });
      assert.equal(created.status, 201);
      assert.notDeepEqual(contentsOf(cwd), {}, 'it keeps a temporary file elsewhere');
      assert.equal((await service.stop(signal)).code, 0);
      assert.deepEqual(contentsOf(cwd), {});
    });
  }

  test('prints its links on a terminal, with a command that works when pasted', async (context) => {
    const missing = missingTools();
    if (missing) return context.skip(missing);
    const cwd = await temporaryFolder(context);
    const terminal = openTerminal(cwd);
    afterwards(context, () => void terminal.child.kill('SIGKILL'));
    const banner = await terminal.until(/Customers \S+ listens on [\s\S]*curl [^\n]+\n/);
    assert.doesNotMatch(banner, /^\{/m, 'a log line is among the output');
    assert.match(banner, /Ctrl-C stops it/);
    const [, port = ''] = /127\.0\.0\.1:(\d+)/.exec(banner) ?? [];
    const [start] = examplesOf(readPage('docs/getting-started.md'));
    assert.ok(start?.printed);
    const shown = banner.trim().replaceAll(`:${port}`, ':8080').replace(cwd, '/srv/customers');
    assert.equal(
      difference(start.printed, shown, new Map()),
      undefined,
      'docs/getting-started.md prints something else',
    );
    const urls = [...banner.matchAll(/^ {2}\w+ +(http:\S+)$/gm)].map(([, url = '']) => url);
    assert.ok(urls.length >= 4, banner);
    for (const url of urls) assert.equal((await fetch(url)).status, 200, url);

    const [line = ''] = /^ *curl .*$/m.exec(banner) ?? [];
    const { stdout } = await promisify(execFile)('sh', ['-c', line]);
    assert.match(stdout, /^HTTP\/1\.1 201 Created\r\n/);
    assert.match(stdout, /\r\nLocation: \/customers\/[0-9a-f-]{36}\r\n/);

    terminal.child.stdin.write('\u0003');
    assert.deepEqual(await terminal.ended, [0, null], terminal.output());
  });
});

/** The test creates a terminal with `script` of util-linux; that of BSD and macOS takes other options. */
function missingTools(): string | undefined {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (!stdout?.includes('util-linux')) return 'this test needs script of util-linux';
  return spawnSync('curl', ['--version']).status === 0 ? undefined : 'this test needs curl';
}

/**
 * Runs `customers serve` on a pseudo-terminal. `script` starts the shell of SHELL, which Ctrl-C reaches too;
 * `exec` replaces it with the command, whose exit code the test needs.
 */
function openTerminal(cwd: string) {
  const command = [process.execPath, ...program, 'serve'];
  const line = `exec ${command.map((part) => `'${part}'`).join(' ')}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd,
    env: { ...process.env, HOST: '', PORT: '0' },
  });
  endWithThisProcess(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text.replaceAll('\r\n', '\n');
  });
  const ended = once(child, 'exit');
  const until = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const late = () => reject(new Error(`The terminal does not show ${pattern}:\n${output}`));
      const timer = setTimeout(late, terminalTimeoutMs);
      const look = () => {
        const match = pattern.exec(output);
        if (!match) return;
        clearTimeout(timer);
        resolve(match[0]);
      };
      child.stdout.on('data', look);
    });
  return { child, ended, until, output: () => output };
}
