import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { describeEngines, type EngineName, freshDatabaseUrl } from '../support/engines.ts';
import { runCommand, startCommand } from '../support/process.ts';

const listening = /"url":"(http:[^"]+)"/;
const writers = 8;
const stopWithinMs = 10_000;
const startsToStop = 4;

describeEngines('customers serve', (engine) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`exits with 0 on ${signal}, and no acknowledged write is lost`, async (context) => {
      const env = await environment(context, engine);
      const service = await startCommand(['serve'], { env, ready: listening });
      const url = service.match[1] ?? '';
      const acknowledged: string[] = [];
      const writing = Promise.all(
        Array.from({ length: writers }, () => writeUntilRefused(url, acknowledged)),
      );
      while (acknowledged.length < writers) await delay(10);
      const stopped = performance.now();
      const { code, signal: killedBy, stderr } = await service.stop(signal);
      const tookMs = performance.now() - stopped;
      await writing;
      assert.deepEqual({ code, killedBy, stderr }, { code: 0, killedBy: null, stderr: '' });
      assert.ok(tookMs < stopWithinMs, `${tookMs} ms`);

      const again = await startCommand(['serve'], { env, ready: listening });
      afterwards(context, async () => void (await again.stop()));
      const lost: string[] = [];
      for (const id of acknowledged) {
        const { status } = await fetch(`${again.match[1]}/customers/${id}`);
        if (status !== 200) lost.push(id);
      }
      assert.ok(acknowledged.length >= writers, `${acknowledged.length} acknowledged`);
      assert.deepEqual(lost, []);
      context.diagnostic(
        `${acknowledged.length} acknowledged, ${lost.length} lost, ${Math.round(tookMs)} ms`,
      );
    });
  }

  test('stops on a signal as soon as it has logged where it listens', async (context) => {
    const env = await environment(context, engine);
    const ends: string[] = [];
    for (let start = 0; start < startsToStop; start++) {
      const service = await startCommand(['serve'], { env, ready: listening });
      const { code, signal } = await service.stop();
      ends.push(`${code} ${signal}`);
    }
    assert.deepEqual(new Set(ends), new Set(['0 null']));
    context.diagnostic(`${startsToStop} stopped at once, all cleanly`);
  });

  test('counts the two signals of one Ctrl-C under npm as one', async (context) => {
    const env = await environment(context, engine);
    for (let start = 0; start < startsToStop; start++) {
      const service = await startCommand(['serve'], { env, ready: listening });
      process.kill(service.pid, 'SIGINT');
      await delay(2 * start);
      const { code, signal } = await service.stop('SIGINT');
      assert.deepEqual([code, signal], [0, null]);
    }
  });

  test('a second signal does not wait for requests in progress', async (context) => {
    const env = await environment(context, engine);
    const service = await startCommand(['serve'], { env, ready: listening });
    const { hostname, port } = new URL(service.match[1] ?? '');
    const acknowledged: string[] = [];
    await create(service.match[1] ?? '', acknowledged);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    afterwards(context, () => void socket.destroy());
    socket.write(
      'POST /customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    );
    await delay(200);
    process.kill(service.pid, 'SIGTERM');
    await delay(500);
    const ended = await Promise.race([service.exited, delay(0, 'still running')]);
    assert.equal(ended, 'still running', 'it did not wait for the request after the first signal');
    const second = performance.now();
    const { code } = await service.stop('SIGTERM');
    assert.equal(code, 130);
    assert.ok(performance.now() - second < 2000, 'the second signal waited');

    const again = await startCommand(['serve'], { env, ready: listening });
    afterwards(context, async () => void (await again.stop()));
    assert.equal((await fetch(`${again.match[1]}/customers/${acknowledged[0]}`)).status, 200);
  });
});

async function environment(cleanup: Cleanup, engine: EngineName): Promise<Record<string, string>> {
  const env = { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: await freshDatabaseUrl(cleanup, engine) };
  const { code, stderr } = await runCommand(['migrate'], { env });
  assert.equal(code, 0, stderr);
  return env;
}

/**
 * Writes customers one by one until the service is gone, and collects the ids of those acknowledged with 201.
 */
async function writeUntilRefused(url: string, acknowledged: string[]): Promise<void> {
  for (;;) {
    try {
      await create(url, acknowledged);
    } catch {
      return;
    }
  }
}

async function create(url: string, acknowledged: string[]): Promise<void> {
  const response = await fetch(`${url}/customers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"Ada"}',
  });
  const { id } = (await response.json()) as { id: string };
  if (response.status === 201) acknowledged.push(id);
}
