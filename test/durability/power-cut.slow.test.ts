/**
 * Every 201 follows an fdatasync of the write-ahead log that began after the customer was written to it, so
 * that it survives a power cut. The service runs under strace. On PostgreSQL the server guarantees this; the
 * service checks synchronous_commit at startup.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/folder-contents.ts';
import { startCommand } from '../support/process.ts';
import { program } from '../support/program.ts';
import { tier } from '../support/tier.ts';
import { readTrace, uncovered } from './system-calls.ts';

const soak = tier === 'soak';
const writers = 16;
const writesEach = soak ? 250 : 20;

test('every 201 comes after the fdatasync that covers it', async (context) => {
  if (spawnSync('strace', ['-V']).status !== 0) return context.skip('this test needs strace');
  const cwd = await temporaryFolder(context);
  const output = join(cwd, 'trace');
  const calls = 'trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg';
  const service = await startCommand(['serve'], {
    cwd,
    env: { PORT: '0' },
    // Through a script, because `node` is what gets started: it runs strace, which traces another node.
    nodeArguments: [
      '--input-type=commonjs',
      '-e',
      'const { status } = require("node:child_process").spawnSync("strace", process.argv.slice(1), { stdio: "inherit" }); process.exit(status);',
      '--',
      ...['-f', '-y', '-s', '8192', '-e', calls, '-o', output],
      ...[process.execPath, ...program],
    ],
    ready: /"url":"(http:[^"]+)"/,
  });
  const url = `${service.match[1]}/customers`;
  const writing = Array.from({ length: writers }, async (_, writer) => {
    for (let write = 0; write < writesEach; write++) {
      const body = JSON.stringify({ name: `Customer ${writer}-${write}` });
      const headers = { 'content-type': 'application/json' };
      assert.equal((await fetch(url, { method: 'POST', headers, body })).status, 201);
    }
  });
  await Promise.all(writing);
  await endTraced(output, service);

  const text = await readFile(output, 'utf8');
  const trace = readTrace(text);
  assert.equal(trace.created.length, writers * writesEach, 'each response is in the trace');
  assert.deepEqual(uncovered(trace), []);
  // The check can fail: without any syncs, no response is covered.
  assert.equal(uncovered({ ...trace, walSyncs: [] }).length, trace.created.length);
  context.diagnostic(
    `${trace.created.length} responses 201, ${trace.walSyncs.length} syncs of the log, 0 responses before theirs`,
  );
});

/** The service is a grandchild; strace ends with it. */
async function endTraced(output: string, service: Awaited<ReturnType<typeof startCommand>>): Promise<void> {
  const [, pid = ''] = /^(\d+) /.exec(await readFile(output, 'utf8')) ?? [];
  process.kill(Number(pid), 'SIGTERM');
  assert.equal((await service.exited).code, 0);
}
