/**
 * The clients that Redocly's generator makes, compiled and run against the service, behind a gateway that loses the
 * reply to the first request. Planted: no Idempotency-Key in the client's settings (two customers).
 */

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suiteCleanup } from '../support/cleanup.ts';
import { contractDocument } from '../support/contract-document.ts';
import { engines } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';
import { startFaultyProxy } from './faulty-proxy.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const programs = join(root, 'test/client/languages');

/** scripts/generate-clients.ts says why. */
const leftOut = ['importCustomers', 'exportCustomers'];

const operationIds = Object.values(contractDocument.paths)
  .flatMap((item) => Object.values(item).flatMap(({ operationId }) => operationId ?? []))
  .filter((id) => !leftOut.includes(id));

type Command = readonly [string, ...string[]];

interface Language {
  readonly name: string;
  /** Why it cannot be run here; false when it can. */
  readonly skip: string | false;
  /** Compiles the client and its program, where the language asks for it; `folder` has the generated clients. */
  compile?(folder: string): Promise<void>;
  run(folder: string, url: string): Command;
  readonly environment?: (folder: string) => Readonly<Record<string, string>>;
}

/** A Python that has httpx: the first in PATH, or Debian's. */
const python = ['python3', '/usr/bin/python3'].find((each) => works(each, '-c', 'import httpx'));

const languages: readonly Language[] = [
  {
    name: 'Python',
    skip: python ? false : 'no python3 with httpx',
    run: (_, url) => [python ?? 'python3', join(programs, 'main.py'), url],
    environment: (folder) => ({ PYTHONPATH: join(folder, 'python'), PYTHONDONTWRITEBYTECODE: '1' }),
  },
  {
    name: 'Java',
    skip: works('javac', '-version') ? false : 'no javac',
    async compile(folder) {
      const sources = [join(programs, 'Main.java'), join(folder, 'java/customers/Client.java')];
      await execute(['javac', '-d', join(folder, 'classes'), ...sources]);
    },
    run: (folder, url) => ['java', '-cp', join(folder, 'classes'), 'Main', url],
  },
  {
    name: 'Go',
    skip: works('go', 'version') ? false : 'no go',
    async compile(folder) {
      const program = join(folder, 'program');
      await mkdir(program);
      await copyFile(join(programs, 'main.go'), join(program, 'main.go'));
      const module = 'module program\n\ngo 1.19\n\nrequire customers v0.0.0\n\nreplace customers => ../go\n';
      await writeFile(join(program, 'go.mod'), module);
      // Nothing but the standard library: it must not want the network.
      await execute(['go', 'build', '-o', 'program', '.'], { GOPROXY: 'off', GOFLAGS: '-mod=mod' }, program);
    },
    run: (folder, url) => [join(folder, 'program/program'), url],
  },
];

suite('clients in other languages', () => {
  const cleanup = suiteCleanup();
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'customers-test-clients-'));
    cleanup.after(() => rm(folder, { recursive: true, force: true }));
    await execute([process.execPath, '--import', 'tsx', 'scripts/generate-clients.ts', folder], {}, root);
  });

  for (const { name, skip, compile, run, environment } of languages) {
    test(`${name} compiles, and each operation does what it is for`, { skip }, async (context) => {
      await compile?.(folder);
      for (const engine of engines) {
        const service = await startTestService(context, { engine });
        const proxy = await startFaultyProxy(context, service.url);
        proxy.faults.push('lost reply');
        const printed = await execute(run(folder, proxy.url), environment?.(folder));
        assert.deepEqual(printed.trim().split('\n').sort(), [...operationIds].sort());
        const keys = proxy.seen.slice(0, 2).map(({ headers }) => headers['idempotency-key']);
        assert.ok(keys[0] !== undefined && keys[0] === keys[1], String(keys));
        context.diagnostic(`${name}: ${operationIds.length} operations on ${engine}`);
      }
    });
  }
});

function works(command: string, ...given: string[]): boolean {
  return spawnSync(command, given, { stdio: 'ignore', timeout: 30_000 }).status === 0;
}

/** What a command prints; what it complains of, when it fails. */
async function execute([command, ...given]: Command, environment = {}, cwd?: string): Promise<string> {
  const env = { ...process.env, NO_PROXY: '*', ...environment };
  try {
    return (await promisify(execFile)(command, given, { cwd, env, timeout: 180_000 })).stdout;
  } catch (failure) {
    const { stdout, stderr } = failure as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${given.join(' ')}: ${failure}\n${stdout}\n${stderr}`);
  }
}
