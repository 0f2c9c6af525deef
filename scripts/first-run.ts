/**
 * Does what a new user does, on the commit that is checked out: clones it into an empty folder, has an empty HOME,
 * runs the README's command, pastes the line that it prints, and ends it with Ctrl-C. Not one of the tests,
 * because it installs everything again: `node --import tsx scripts/first-run.ts`.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const port = 8080;
const serviceUrl = `http://127.0.0.1:${port}`;
/** Installing may build the SQLite addon, on a slow machine. */
const startTimeoutMs = 20 * 60_000;
const stopTimeoutMs = 15_000;

const folder = mkdtempSync(join(tmpdir(), 'customers-first-run-'));
const home = join(folder, 'home');
const clone = join(folder, 'customers');
let terminal: ChildProcess | undefined;
let passed = 0;
let failed = 0;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
process.on('exit', () => {
  terminal?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

try {
  await firstRun();
} catch (error) {
  check(error instanceof Error ? error.message : String(error), false);
}
print(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function firstRun(): Promise<void> {
  if (await answers())
    throw new Error(`port ${port} is free, as the README's command needs it: end what listens there`);
  if (!hasTerminal()) throw new Error('there is a script of util-linux to make a terminal with');
  const commit = cloneHead();
  const command = readmeCommand();
  print(`Commit ${commit}, Node ${process.version}, an empty HOME: ${command}`);
  const started = performance.now();
  const output = runOnTerminal(command);
  const banner = await output.until(/listens on [\s\S]*\n +curl [^\n]+\n/);
  check(
    `ready after ${Math.round((performance.now() - started) / 1000)} s`,
    (await status('/readyz')) === 200,
  );
  for (const [, name = '', url = ''] of banner.matchAll(/^ {2}(\w+) +(http:\S+)$/gm)) {
    check(`${name} answers on ${url}`, (await status(new URL(url).pathname)) === 200);
  }
  const [line = ''] = /^ +curl .*$/m.exec(banner) ?? [];
  const reply = execFileSync('sh', ['-c', line], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  check(`the printed line works as pasted: ${line.trim()}`, reply.startsWith('HTTP/1.1 201 Created'));
  await output.interrupt();
  check('Ctrl-C ends it, and nothing listens any more', !(await answers()));
  check(
    'the database is one file and its lock',
    sameNames(join(clone, 'data'), ['customers.db', 'customers.db.lock']),
  );
  check('nothing in the clone is changed or left over', git(clone, 'status', '--porcelain') === '');
}

function hasTerminal(): boolean {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return Boolean(stdout?.includes('util-linux'));
}

function cloneHead(): string {
  const changed = git(repository, 'status', '--porcelain').split('\n').filter(Boolean).length;
  if (changed > 0) print(`${changed} files here are not committed: they are no part of this run.`);
  mkdirSync(home);
  git(folder, 'clone', '--quiet', '--no-hardlinks', repository, clone);
  return git(clone, 'log', '-1', '--format=%h %s');
}

/** The README's first command of its quick start: there is no other place that says how to run it. */
function readmeCommand(): string {
  const [, quickStart = ''] = readFileSync(join(clone, 'README.md'), 'utf8').split(/^## Quick start$/m);
  const command = /```sh\n(npm ci[^\n]*)\n```/.exec(quickStart)?.[1];
  if (!command) throw new Error('the README has a command to run');
  return command;
}

/** Only on a terminal does the service print for a person. That of BSD and macOS takes other options. */
function runOnTerminal(command: string) {
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: clone, env: environment() });
  terminal = child;
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part.replaceAll('\r', '');
  });
  const ended = once(child, 'close');
  return {
    async until(pattern: RegExp): Promise<string> {
      const deadline = performance.now() + startTimeoutMs;
      while (!pattern.test(text)) {
        const over = await Promise.race([ended.then(() => true), pause(200).then(() => false)]);
        if (over || performance.now() > deadline) throw new Error(`it starts:\n${text.slice(-12_000)}`);
      }
      return pattern.exec(text)?.[0] ?? '';
    },
    /** What a terminal makes of Ctrl-C: SIGINT for every process of the command. */
    async interrupt(): Promise<void> {
      child.stdin.write('\u0003');
      const inTime = await Promise.race([ended.then(() => true), pause(stopTimeoutMs).then(() => false)]);
      if (!inTime) throw new Error(`Ctrl-C ends it within ${stopTimeoutMs} ms:\n${text.slice(-1000)}`);
    },
  };
}

/** The user's environment with an empty HOME: no settings of ours, and nothing that points into the real one. */
function environment(): NodeJS.ProcessEnv {
  const ours =
    /^(HOST|PORT|AUTH|JWT_.*|RATE_LIMIT_.*|FAILED_LOGINS_.*|TRUST_PROXY|DATABASE_.*|LOG_LEVEL|REQUIRE_IF_MATCH|CORS_ORIGINS|REQUEST_TIMEOUT_MS|XDG_.*|NODE_OPTIONS)$/;
  const kept = Object.entries(process.env).filter(([name, value = '']) => {
    if (ours.test(name) || (/^npm_/i.test(name) && !/^npm_config_/i.test(name))) return false;
    return !/^npm_config_/i.test(name) || !value.startsWith(homedir());
  });
  // `script` runs the command in this shell: like the interactive one of a person, bash waits on Ctrl-C for the
  // command to end, while dash, the sh of Debian, ends at once and takes the terminal away from it.
  return { ...Object.fromEntries(kept), ...headersOfNode(), HOME: home, SHELL: 'bash' };
}

/**
 * If no prebuilt SQLite addon can be downloaded, it is built, and node-gyp downloads Node's headers from nodejs.org.
 * A Node that has its headers installed needs no download.
 */
function headersOfNode(): Record<string, string> {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
}

async function status(path: string): Promise<number> {
  const response = await fetch(serviceUrl + path);
  await response.arrayBuffer();
  return response.status;
}

/** Whether anything listens on the port. */
async function answers(): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return connected;
}

function sameNames(path: string, names: readonly string[]): boolean {
  return existsSync(path) && readdirSync(path).sort().join() === names.join();
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function check(what: string, holds: boolean): void {
  if (holds) passed += 1;
  else failed += 1;
  print(`${holds ? 'ok    ' : 'not ok'} ${what}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
