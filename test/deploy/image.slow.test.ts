/**
 * Runs the image's build steps in a scratch folder and serves from it as its user, because no container
 * engine is available. Installs twice.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DockerfileParser } from 'dockerfile-ast';
import { endWithThisProcess } from '../support/child-processes.ts';
import { afterwards } from '../support/cleanup.ts';
import { contentsOf, temporaryFolder } from '../support/folder-contents.ts';
import { freePort } from '../support/free-port.ts';
import { type BuiltImage, runSteps } from './image-steps.ts';

const context = fileURLToPath(new URL('../..', import.meta.url));
const readyTimeoutMs = 30_000;

test('the image serves as its user, writes only to /data, and stops cleanly', async (t) => {
  const folder = await temporaryFolder(t);
  chmodSync(folder, 0o755);
  const steps = DockerfileParser.parse(readFileSync(`${context}deploy/container/Dockerfile`, 'utf8'));
  const stepsDone: string[] = [];
  const image = runSteps(steps.getInstructions(), {
    context,
    folder,
    onStep: (step) => void stepsDone.push(step),
  });
  t.diagnostic(`${stepsDone.length} steps done`);
  const app = join(image.root, image.workingFolder);
  assert.deepEqual(
    readdirSync(join(app, 'node_modules')).filter((name) => ['typescript', 'tsx', 'knip'].includes(name)),
    [],
    'no dev tools are included',
  );
  const before = contentsOf(app);

  const options = processOptions(image, await freePort());
  const [node = '', ...entrypoint] = image.entrypoint;
  assert.equal(node, 'node');
  const makeKey = ['keys', 'create', '--name', 'test', '--scope', 'customers:write'];
  const key = execFileSync(process.execPath, [...entrypoint, ...makeKey], { ...options, encoding: 'utf8' });
  const service = spawn(process.execPath, [...entrypoint, ...image.command], { ...options, stdio: 'pipe' });
  endWithThisProcess(service);
  afterwards(t, () => void service.kill('SIGKILL'));
  const isHealthy = () => exitCode(image.healthCheck.slice(1), options);
  const deadline = performance.now() + readyTimeoutMs;
  while ((await isHealthy()) !== 0) {
    assert.ok(performance.now() < deadline, 'not healthy');
    await delay(100);
  }
  const created = await fetch(`http://127.0.0.1:${options.env.PORT}/customers`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key.trim()}`, 'Content-Type': 'application/json' },
    body: '{"name":"Ada Lovelace"}',
  });
  assert.equal(created.status, 201);
  const exited = once(service, 'exit');
  service.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
  assert.notEqual(await isHealthy(), 0, 'the health check notices that the service is gone');
  assert.deepEqual(contentsOf(app), before, 'it has written into the image');
  const data = join(image.root, 'data');
  assert.ok(statSync(join(data, 'customers.db')).size > 0);
  if (options.uid !== undefined) assert.equal(statSync(join(data, 'customers.db')).uid, options.uid);
  t.diagnostic(options.uid === undefined ? "only root can switch to the image's user" : `as ${image.user}`);
});

function processOptions({ root, workingFolder, environment, user }: BuiltImage, port: number) {
  const [uid, gid] = (user ?? '').split(':').map(Number);
  // Replaces paths and the port with ones available here. AUTH must come from the operator.
  const { DATABASE_URL = '' } = environment;
  const mapped = { DATABASE_URL: DATABASE_URL.replace('sqlite:', `sqlite:${root}`), PORT: String(port) };
  const PATH = `${dirname(process.execPath)}:/usr/bin:/bin`;
  const env: Record<string, string> = { PATH, ...environment, ...mapped, AUTH: 'keys' };
  const asUser = process.getuid?.() === 0 ? { uid, gid } : {};
  return { cwd: join(root, workingFolder), env, ...asUser };
}

async function exitCode(args: readonly string[], options: object): Promise<number> {
  const [code] = await once(spawn(process.execPath, args, { ...options, stdio: 'ignore' }), 'exit');
  return code as number;
}
