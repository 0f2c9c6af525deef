import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings } from '../../src/config/settings.ts';
import { endWithThisProcess } from '../support/child-processes.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { program } from '../support/program.ts';

/** The output of a shell block on both streams, and the exit code of its last command. */
export interface Ran {
  readonly output: string;
  readonly exitCode: number;
}

/** Starts the service with the settings of the shell. */
type Start = (environment: Record<string, string>) => Promise<void>;

const blockTimeoutMs = 60_000;
const pollMs = 20;

/**
 * The shell in which a reader runs a page's blocks: variables and folder persist between blocks. `npm start`
 * represents another terminal: it starts the service with this shell's settings and returns when it listens.
 */
export class PageShell {
  readonly #folder: string;
  readonly #shell: ChildProcess;
  readonly #start: Start;
  #count = 0;

  constructor(cleanup: Cleanup, folder: string, databaseUrl: string, start: Start) {
    this.#folder = folder;
    this.#start = start;
    const bin = join(folder, '.bin');
    mkdirSync(bin, { recursive: true });
    makePrograms(bin, folder);
    // Suppresses progress output, as on a terminal, and ignores the user's proxy and .curlrc.
    writeFileSync(join(folder, '.curlrc'), 'no-progress-meter\n');
    this.#shell = spawn('sh', [], {
      cwd: join(folder, 'clone'),
      env: {
        PATH: `${bin}:${process.env.PATH ?? ''}`,
        HOME: folder,
        CURL_HOME: folder,
        NO_PROXY: '*',
        DATABASE_URL: databaseUrl,
        LOG_LEVEL: 'silent',
        ...(process.env.UV_THREADPOOL_SIZE ? { UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE } : {}),
      },
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    endWithThisProcess(this.#shell);
    afterwards(cleanup, () => void this.#shell.kill('SIGKILL'));
  }

  async run(commands: string): Promise<Ran> {
    const base = join(this.#folder, `.block-${++this.#count}`);
    writeFileSync(`${base}.sh`, `${commands}\n`);
    this.#shell.stdin?.write(
      `. ${base}.sh </dev/null >${base}.out 2>&1; echo $? >${base}.part; mv ${base}.part ${base}.code\n`,
    );
    const deadline = performance.now() + blockTimeoutMs;
    while (!existsSync(`${base}.code`)) {
      if (this.#shell.exitCode !== null) throw new Error(`The shell ended in: ${commands}`);
      if (performance.now() > deadline) throw new Error(`Not finished in ${blockTimeoutMs} ms: ${commands}`);
      await this.#startIfAsked();
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    const output = readFileSync(`${base}.out`, 'utf8');
    return { output, exitCode: Number(readFileSync(`${base}.code`, 'utf8')) };
  }

  async #startIfAsked(): Promise<void> {
    const request = join(this.#folder, '.start');
    if (!existsSync(request)) return;
    const environment = JSON.parse(readFileSync(request, 'utf8')) as Record<string, string>;
    await this.#start(environment);
    rmSync(request);
  }
}

/** Creates `customers` and the parts of `npm` that pages use. */
function makePrograms(bin: string, folder: string): void {
  const node = `exec '${process.execPath}'`;
  const names = settings.map(({ name }) => name);
  const writeSettings = `
    const given = ${JSON.stringify(names)}.filter((name) => process.env[name] !== undefined);
    const text = JSON.stringify(Object.fromEntries(given.map((name) => [name, process.env[name]])));
    require('node:fs').writeFileSync('${folder}/.start.part', text);`;
  writeFileSync(join(bin, 'start.cjs'), writeSettings);
  writePrograms(bin, {
    customers: `${node} ${program.map((part) => `'${part}'`).join(' ')} "$@"`,
    npm: `case "$*" in
  'run -s customers -- '*) shift 4; exec '${bin}/customers' "$@" ;;
  start) '${process.execPath}' '${bin}/start.cjs' && mv '${folder}/.start.part' '${folder}/.start'
    while [ -e '${folder}/.start' ]; do sleep 0.05; done ;;
  *) echo "npm $* is not run by the pages' test" >&2; exit 1 ;;
esac`,
  });
}

function writePrograms(bin: string, programs: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
}
