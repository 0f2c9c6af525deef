/** Holds README.md and the other pages to what is so: lines are run, tables compared, links followed. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Setting, settings } from '../src/config/settings.ts';
import { bearer, keyMaker, until } from './support/credentials.ts';
import { describeEngines } from './support/engines.ts';
import { generalized, parseReply, shortenedLike, textOf } from './support/printed-reply.ts';
import { startTestService } from './support/service.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = await readFile(join(root, 'README.md'), 'utf8');
const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

describeEngines('README', (engine) => {
  test('each line of the API answers what is printed', { skip: withoutCurl() }, async (context) => {
    const service = await startTestService(context, { engine });
    const titles = {
      'The API in ten lines': 10,
      Search: 1,
      'Following changes': 3,
      'When the contract changes': 1,
      'Two lines more: your own id, and erasing for good': 2,
      'Reading from a replica': 1,
    };
    const lines = Object.entries(titles).flatMap(([title, count]) => {
      const found = exchanges(section(title));
      assert.equal(found.length, count, `${title}: lines, each followed by its answer`);
      return found;
    });
    const printedNames = new Map<string, string>();
    const answeredNames = new Map<string, string>();
    for (const { command, printed } of lines) {
      const expected = parseReply(printed);
      const answer = parseReply(await run(command.replaceAll('127.0.0.1:8080', new URL(service.url).host)));
      assert.equal(
        generalized(textOf(shortenedLike(expected, answer)), answeredNames),
        generalized(textOf(expected), printedNames),
        `README.md prints another answer to: ${command}`,
      );
    }
    context.diagnostic(`${lines.length} lines run and compared`);
  });

  test('each line with a credential answers what is printed', { skip: withoutCurl() }, async (context) => {
    const service = await startTestService(context, { engine, environment: { AUTH: 'keys' } });
    const { text: key } = await keyMaker(context, service.databaseUrl).create(['customers:read']);
    const known = () => service.call('GET', '/customers', { headers: bearer(key) });
    await until(async () => (await known()).status === 200, 5000);
    const all = blocks(section('Credentials'));
    for (const { text } of all.filter(({ language }) => language === 'http')) {
      const command = all[all.findIndex((each) => each.text === text) - 1]?.text.replaceAll(
        '127.0.0.1:8080',
        new URL(service.url).host,
      );
      const answer = parseReply(await run(`KEY=${key}; ${command}`));
      assert.deepEqual(shortenedLike(parseReply(text), answer), parseReply(text), command);
    }
  });
});

suite('README', () => {
  test('the table of docs/settings.md is src/config.ts', async () => {
    const page = await readFile(join(root, 'docs/settings.md'), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    assert.equal(rows.join('\n'), settings.map(settingRow).join('\n'));
  });

  test('the quick start is two commands', () => {
    const commands = blocks(section('Quick start')).map(({ text }) => text);
    assert.deepEqual(commands, ['npm ci && npm start', 'npm ci && npm test']);
    assert.ok(scripts.start && scripts.test);
  });

  test('the layout names what is there', async (context) => {
    const lines = section('Layout').filter((line) => line !== '');
    const named = [...lines.join('\n').matchAll(/`([\w./-]+)`/g)].map(([, path = '']) => path);
    assert.equal(lines.filter((line) => line.startsWith('- ')).length, 3);
    for (const path of named) assert.ok(existsSync(join(root, path)), `${path} is not there`);
    const folders = await readdir(join(root, 'src'), { withFileTypes: true });
    for (const folder of folders.filter((entry) => entry.isDirectory())) {
      assert.ok(named.includes(`src/${folder.name}/`), `src/${folder.name}/ is not named`);
    }
    context.diagnostic(`${named.length} paths`);
  });
});

suite('all pages', () => {
  test('every relative link leads somewhere', async (context) => {
    let count = 0;
    for (const page of await pages()) {
      for (const [, target = ''] of (await readFile(page, 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        count += 1;
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        const link = `${relative(root, page)} links to ${target}`;
        assert.ok(existsSync(file), link);
        if (anchor) assert.ok(anchorsOf(await readFile(file, 'utf8')).includes(anchor), link);
      }
    }
    context.diagnostic(`${count} links`);
    assert.ok(count > 0, 'no link was found');
  });

  test('every script that a page names is one', async (context) => {
    let count = 0;
    for (const page of await pages()) {
      for (const [, name = ''] of (await readFile(page, 'utf8')).matchAll(/npm run (?:-s )?([\w:-]+)/g)) {
        count += 1;
        assert.ok(scripts[name], `${relative(root, page)} names npm run ${name}`);
      }
    }
    context.diagnostic(`${count} scripts named`);
  });
});

/** The lines below a heading of the second level. */
function section(title: string): string[] {
  const lines = readme.split('\n');
  const start = lines.indexOf(`## ${title}`);
  assert.ok(start >= 0, `README.md has no section ${title}`);
  const end = lines.findIndex((line, index) => index > start && line.startsWith('## '));
  return lines.slice(start + 1, end === -1 ? undefined : end);
}

function blocks(lines: readonly string[]): { language: string; text: string }[] {
  const found = lines.join('\n').matchAll(/^```(\w*)\n(.*?)\n```$/gms);
  return [...found].map(([, language = '', text = '']) => ({ language, text }));
}

/** Each block of shell with the block of HTTP that follows it. */
function exchanges(lines: readonly string[]): { command: string; printed: string }[] {
  const all = blocks(lines);
  const commands = all.filter(({ language }) => language === 'sh');
  const answers = all.filter(({ language }) => language === 'http');
  assert.deepEqual(
    all.map(({ language }) => language),
    commands.flatMap(() => ['sh', 'http']),
  );
  return commands.map(({ text }, index) => ({ command: text, printed: answers[index]?.text ?? '' }));
}

/** Why the lines cannot be run here; false when they can. `--json` came with curl 7.82. */
function withoutCurl(): string | false {
  const [, major, minor] =
    /^curl (\d+)\.(\d+)/.exec(spawnSync('curl', ['--version']).stdout?.toString() ?? '') ?? [];
  return Number(major) * 1000 + Number(minor) >= 7082 ? false : 'curl 7.82 or newer is not installed';
}

const curlTimedOut = 28;

async function run(command: string): Promise<string> {
  // Neither a proxy nor somebody's .curlrc.
  const env = { ...process.env, NO_PROXY: '*', HOME: '/nonexistent', CURL_HOME: '/nonexistent' };
  const running = promisify(execFile)('sh', ['-c', command], { env, timeout: 30_000 });
  // A stream ends when curl has had its time.
  const { stdout } = await running.catch((failure) => {
    if (failure.code === curlTimedOut) return failure as { stdout: string };
    throw failure;
  });
  return stdout;
}

function settingRow({ name, fallback, description, example }: Setting): string {
  const value = (text: string) => (text === '' ? 'not set' : `\`${text}\``);
  return `| \`${name}\` | ${value(fallback)} | ${description} | ${value(example)} |`;
}

/** Every page of the repository, but for what tools keep in it. */
async function pages(): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter(
    ({ name }) => !name.startsWith('.') && !['node_modules', 'dist', 'data'].includes(name),
  );
  const found = await Promise.all(
    folders.map(async (entry) => {
      if (!entry.isDirectory()) return [entry.name];
      return (await readdir(join(root, entry.name), { recursive: true })).map((name) =>
        join(entry.name, name),
      );
    }),
  );
  return found
    .flat()
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => join(root, name));
}

/** The anchors of a page's headings, made as hosts of repositories make them. */
function anchorsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
