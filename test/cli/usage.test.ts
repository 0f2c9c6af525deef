import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { settings } from '../../src/config/settings.ts';
import { contentsOf, temporaryFolder } from '../support/folder-contents.ts';
import { runCommand } from '../support/process.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

describe('customers', () => {
  test('--help names every command and every setting with its default', async () => {
    const { code, stdout, stderr } = await runCommand(['--help']);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    const commands = [
      'serve',
      'migrate',
      'keys',
      'import',
      'export',
      'erase-check',
      'backup',
      'restore',
      'doctor',
    ];
    for (const command of commands) assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
    for (const { name, description, fallback } of settings) {
      const line = stdout.split('\n').find((each) => each.startsWith(`  ${name} `)) ?? '';
      assert.ok(line.includes(description), name);
      if (fallback !== '') assert.ok(line.endsWith(`Default: ${fallback}`), line);
    }
  });

  test('--version prints only the version', async () => {
    const { code, stdout, stderr } = await runCommand(['--version']);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('no command is refused with the help', async () => {
    const { code, stdout, stderr } = await runCommand([]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /^Usage: customers /);
  });

  const wrong: readonly (readonly [string[], RegExp])[] = [
    [['server'], /^error: unknown command 'server'/],
    [['--port', '1'], /^error: unknown option '--port'/],
    [['serve', '--port', '1'], /^error: unknown option '--port'/],
    [['serve', 'now'], /^error: too many arguments for 'serve'/],
    [['migrate', '--force'], /^error: unknown option '--force'/],
  ];
  for (const [args, message] of wrong) {
    test(`${args.join(' ')} is refused in one line, followed by one that says where to look`, async (context) => {
      const cwd = await temporaryFolder(context);
      const { code, stdout, stderr } = await runCommand(args, { cwd });
      assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
      assert.match(stderr, message);
      assert.match(stderr, /^[^\n]+\n(\(Did you mean [^\n]+\n)?Run customers --help [^\n]+\n$/);
      assert.deepEqual(contentsOf(cwd), {});
    });
  }
});
