/** `customers import FILE` and `customers export FILE`. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { endWithThisProcess } from '../support/child-processes.ts';
import { afterwards } from '../support/cleanup.ts';
import { describeEngines, type EngineName, freshDatabaseUrl } from '../support/engines.ts';
import { runCommand, startCommand } from '../support/process.ts';
import { program } from '../support/program.ts';

const lines = Array.from({ length: 300 }, (_, index) => ({
  externalId: `file:${index}`,
  name: `=Customer ${index}`,
}));
const ndjson = lines.map((line) => `${JSON.stringify(line)}\n`).join('');

async function prepare(context: TestContext, engine: EngineName) {
  const folder = await mkdtemp(join(tmpdir(), 'customers-test-transfer-'));
  afterwards(context, () => rm(folder, { recursive: true, force: true }));
  const databaseUrl = await freshDatabaseUrl(context, engine);
  const env = { DATABASE_URL: databaseUrl };
  await runCommand(['migrate'], { env });
  const run = (args: readonly string[], input?: string | Uint8Array) =>
    runCommand(args, { env, cwd: folder, ...(input === undefined ? {} : { input }) });
  return { folder, databaseUrl, env, run };
}

describeEngines('customers import and export', (engine) => {
  test('imports a file, exports it in both formats, and imports the exports', async (context) => {
    const { folder, run } = await prepare(context, engine);
    await writeFile(join(folder, 'in.ndjson'), ndjson);
    const first = await run(['import', 'in.ndjson']);
    assert.deepEqual([first.code, first.stdout], [0, ''], first.stderr);
    assert.match(
      first.stderr,
      /^300 created, 0 updated, 0 unchanged, 0 refused \(300 rows, [\d,]+ rows\/s\)\.\n$/,
    );
    for (const name of ['out.ndjson', 'out.csv']) {
      const exported = await run(['export', name]);
      assert.deepEqual([exported.code, exported.stdout], [0, ''], exported.stderr);
      assert.match(
        exported.stderr,
        /^Exported 300 rows, [\d,]+ rows\/s, from position 300 of the change feed\.\n$/,
      );
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
      const again = await run(['import', name]);
      assert.match(again.stderr, /^0 created, 0 updated, 300 unchanged, 0 refused /);
    }
    const piped = await run(['export', '-', '--format', 'csv']);
    assert.equal(piped.stdout, await readFile(join(folder, 'out.csv'), 'utf8'));
    assert.match((await run(['import', '-', '--format', 'csv'], piped.stdout)).stderr, /300 unchanged/);
    assert.deepEqual((await readdir(folder)).sort(), ['in.ndjson', 'out.csv', 'out.ndjson']);
  });

  test('Ctrl-C ends cleanly: what is counted is stored', async (context) => {
    const { run, env } = await prepare(context, engine);
    // The input stays open: the lines received are written, and the rest is awaited.
    const child = spawn(process.execPath, [...program, 'import', '-'], {
      env: { ...process.env, ...env },
    });
    endWithThisProcess(child);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const isFirst = stderr === '';
      stderr += text;
      // Only once, because a second signal would end it at once.
      if (isFirst) child.kill('SIGINT');
    });
    child.stdin.write('nope\n{"name":"Ada"}\n{"name":"Half');
    const [code] = await once(child, 'close');
    assert.match(
      stderr,
      /customers: stopped by SIGINT\. What is counted below is stored\.\n1 created, .* 1 refused/,
    );
    assert.equal(code, 130);
    assert.match((await run(['export', '-'])).stderr, /Exported 1 rows/);
  });
});

test('refused lines are printed or written to a file, and the exit code is 1', async (context) => {
  const { folder, run } = await prepare(context, 'sqlite');
  const input = `${ndjson}nope\n{"name":"A","phone":"12"}\n`;
  const printed = await run(['import', '-'], input);
  assert.deepEqual([printed.code, printed.stdout], [1, '']);
  assert.deepEqual(printed.stderr.split('\n').slice(0, 2), [
    'line 301: malformed_json: The line is not JSON.',
    'line 302: invalid_request: #/phone must have the form that the contract describes, such as +493023125014',
  ]);
  assert.match(printed.stderr, /300 created, 0 updated, 0 unchanged, 2 refused/);
  const written = await run(['import', '-', '--failures', 'failed.ndjson'], input);
  assert.equal(written.code, 1);
  const failures = (await readFile(join(folder, 'failed.ndjson'), 'utf8')).trimEnd().split('\n');
  assert.deepEqual(
    failures.map((line) => JSON.parse(line).line),
    [301, 302],
  );
});

test('--validate-only stores nothing', async (context) => {
  const { run } = await prepare(context, 'sqlite');
  const { stderr } = await run(['import', '-', '--validate-only'], ndjson.slice(0, 2000));
  assert.match(stderr, /Would be \d+ created/);
  assert.match((await run(['export', '-'])).stderr, /Exported 0 rows/);
});

test('errors are explained in one line, and no file is left behind', async (context) => {
  const { folder, run } = await prepare(context, 'sqlite');
  const wrong: readonly (readonly [string[], RegExp])[] = [
    [['import', 'missing.csv'], /^customers: cannot read missing\.csv \(ENOENT\)\.\n$/],
    [
      ['import', 'customers.txt'],
      /^customers: the name customers\.txt does not show its format\. Add --format/,
    ],
    [['export', 'out.csv', '--format', 'xml'], /^customers: there is no format xml\./],
    [['export', 'no/such/folder.csv'], /^customers: cannot write no\/such\/folder\.csv \(ENOENT\)\.\n$/],
    [['import', '-', '--format', 'csv'], /^customers: -: invalid_request: #\/a is not a column of an export/],
  ];
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await run(args, 'a,b\n1,2\n');
    assert.match(stderr, message);
    assert.deepEqual([code, stdout], [1, ''], args.join(' '));
  }
  assert.deepEqual(await readdir(folder), []);
});

test('export works while a service runs; import says what to do instead', async (context) => {
  const { folder, run, env } = await prepare(context, 'sqlite');
  const service = await startCommand(['serve'], {
    env: { ...env, PORT: '0' },
    ready: /"url":"(http:[^"]+)"/,
  });
  afterwards(context, async () => void (await service.stop()));
  await writeFile(join(folder, 'in.ndjson'), ndjson);
  const { code, stderr } = await run(['import', 'in.ndjson']);
  assert.equal(code, 1);
  assert.match(stderr, /another process \(pid \d+\) serves /);
  const [line = ''] = stderr.split('\n').filter((each) => each.startsWith('  curl '));
  const url = service.match[1] ?? '';
  const pasted = spawnSync('sh', ['-c', line.replace('http://127.0.0.1:8080', url)], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(
    pasted.stdout.split('\n').filter((each) => each.includes('"created"')).length,
    300,
    pasted.stderr,
  );
  const exported = await run(['export', 'out.ndjson']);
  assert.match(exported.stderr, /^Exported 300 rows/);
});

test('a full disk leaves no partial file', async (context) => {
  if (process.getuid?.() !== 0 || spawnSync('mount', ['--version']).status !== 0)
    return context.skip('only root can mount a small disk');
  const { folder, run } = await prepare(context, 'sqlite');
  await chmod(folder, 0o755);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status !== 0)
    return context.skip('this machine cannot mount tmpfs');
  afterwards(context, () => void spawnSync('umount', [folder]));
  await run(['import', '-'], ndjson);
  await writeFile(join(folder, 'out.ndjson'), 'the last good one');
  const { code, stderr } = await run(['export', 'out.ndjson']);
  assert.equal(code, 1);
  assert.match(stderr, /^customers: cannot write out\.ndjson \(ENOSPC\)\.\n$/);
  assert.deepEqual(await readdir(folder), ['out.ndjson']);
  assert.equal(await readFile(join(folder, 'out.ndjson'), 'utf8'), 'the last good one');
});
