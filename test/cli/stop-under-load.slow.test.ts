/**
 * SIGTERM under load cuts no request. Each gets its whole response, or its connection is refused or closed
 * before anything was read and the request has no effect. A keep-alive client that honours `Connection:
 * close` never meets a closed connection.
 *
 * Planted, and each failed: connections closed without notice (dropped); the drain waits for silent
 * connections (it takes its full time); the drain cuts requests in progress (cut); the database is closed
 * without a checkpoint.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { openDirectly, select, sqliteFile } from '../storage/direct-engine.ts';
import { makeCertificate, withoutOpenssl } from '../support/certificates.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { type EngineName, freshDatabaseUrl } from '../support/engines.ts';
import { followFeed } from '../support/feed-client.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { startCommand } from '../support/process.ts';
import { tier } from '../support/tier.ts';
import { type Outcomes, runKeepAliveClients } from './keep-alive-clients.ts';

const soak = tier === 'soak';
const clients = 8;
/** Requests answered before the signal. */
const answeredLeast = 50;
const delayMs = 600;
const stopMaxMs = 10_000;
/** The drain time for requests in progress; none of these takes long. */
const drainMs = 7000;

/** The variant that runs twice in the short version, to make five runs. */
const simplest = 'no request is cut [sqlite]';

describe('SIGTERM under load', () => {
  for (const engine of ['sqlite', 'postgres'] as const) {
    for (const encrypted of [false, true]) {
      const title = `no request is cut [${engine}]${encrypted ? ' over TLS' : ''}`;
      test(title, { skip: encrypted && withoutOpenssl() }, async (context) => {
        const rounds = soak ? 13 : title === simplest ? 2 : 1;
        for (let round = 1; round <= rounds; round++) {
          const { outcomes, tookMs } = await stopUnderLoad(context, engine, encrypted);
          const { complete, cut, dropped, turnedAway, hungUpIdle } = outcomes;
          context.diagnostic(
            `${complete} answered, ${cut} cut, ${dropped} dropped, ${turnedAway} turned away, ${hungUpIdle} closed while idle; ended after ${Math.round(tookMs)} ms`,
          );
          assert.deepEqual({ cut, dropped }, { cut: 0, dropped: 0 });
        }
      });
    }
  }
});

async function stopUnderLoad(cleanup: Cleanup, engine: EngineName, encrypted: boolean) {
  const databaseUrl = await freshDatabaseUrl(cleanup, engine);
  await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
  const env = { PORT: '0', DATABASE_URL: databaseUrl, SHUTDOWN_DELAY_MS: String(delayMs) };
  const files = encrypted ? makeCertificate(await temporaryFolder(cleanup), 'localhost') : undefined;
  const tls = files ? { TLS_CERT_FILE: files.certificateFile, TLS_KEY_FILE: files.keyFile } : {};
  const ready = /"url":"(https?:[^"]+)"/;
  const service = await startCommand(['serve'], { env: { ...env, ...tls }, ready });
  afterwards(cleanup, async () => void (await service.stop('SIGKILL')));
  const url = service.match[1] as string;
  const stream = encrypted ? undefined : await followFeed(cleanup, url);
  const { outcomes, over } = runKeepAliveClients(url, clients);
  const silent = [await open(cleanup, url, ''), await open(cleanup, url, 'GET /customers HTTP/1.1\r\nHos')];
  while (outcomes.complete < answeredLeast) await pause(10);

  const signalled = performance.now();
  const { code, signal, stderr } = await service.stop();
  const tookMs = performance.now() - signalled;
  await over;
  assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  assert.ok(tookMs < stopMaxMs, `it took ${tookMs} ms`);
  assert.ok(tookMs < delayMs + drainMs, 'it waited for silent connections');
  for (const connection of silent) await connection.over;
  if (stream) assert.equal(await stream.over, 'ended', 'the event stream was cut');
  if (engine === 'sqlite') assertOneFile(sqliteFile(databaseUrl));
  await assertStored(cleanup, databaseUrl, outcomes);
  return { outcomes, tookMs };
}

/** Opens a connection that sends only this. Resolves when it ends. */
async function open(
  cleanup: Cleanup,
  url: string,
  bytes: string,
): Promise<{ readonly over: Promise<unknown> }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined).resume();
  afterwards(cleanup, () => void socket.destroy());
  const over = once(socket, 'close');
  await once(socket, 'connect');
  socket.write(bytes);
  return { over };
}

/** The only other file may be the database's empty lock. */
function assertOneFile(file: string): void {
  const names = readdirSync(dirname(file)).filter((name) => !name.includes('.lock'));
  assert.deepEqual(names, [basename(file)]);
}

async function assertStored(cleanup: Cleanup, databaseUrl: string, outcomes: Outcomes): Promise<void> {
  const rows = await select<{ id: string }>(openDirectly(cleanup, databaseUrl), 'SELECT id FROM customers');
  const stored = new Set(rows.map(({ id }) => id));
  const lost = outcomes.acknowledged.filter((id) => !stored.has(id));
  const done = outcomes.unanswered.filter((id) => stored.has(id));
  assert.deepEqual({ lost, done }, { lost: [], done: [] });
  assert.ok(outcomes.acknowledged.length > 0);
}
