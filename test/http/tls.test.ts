/** Built-in HTTPS: protocol versions, unusable certificates and certificate renewal. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, Server as HttpsServer, type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type ConnectionOptions, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import express from 'express';
import { v7 as uuidv7 } from 'uuid';
import { ConfigurationError, type TlsFiles } from '../../src/config/config.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { readCertificate, watchCertificate } from '../../src/http/tls.ts';
import type { LogEntry } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { makeCertificate, withoutOpenssl } from '../support/certificates.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { sendRaw } from '../support/raw-request.ts';
import { assertHygiene, headersOf } from '../support/response-hygiene.ts';
import { startTestService, type TestService } from '../support/service.ts';

const dayMs = 86_400_000;

describe('TLS', { skip: withoutOpenssl() }, () => {
  const cleanup = suiteCleanup();
  let folder: string;
  let files: TlsFiles;
  let service: TestService;
  before(async () => {
    folder = await temporaryFolder(cleanup);
    files = makeCertificate(folder, 'first');
    const environment = { TLS_CERT_FILE: files.certificateFile, TLS_KEY_FILE: files.keyFile };
    service = await startTestService(cleanup, { engine: 'sqlite', environment });
  });

  test('200 over TLS 1.2 and 1.3, with Strict-Transport-Security; nothing older', async () => {
    assert.match(service.url, /^https:/);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const reply = await send(service.url, { minVersion: version, maxVersion: version });
      assert.equal(reply.protocol, version);
      assert.equal(reply.status, 200);
      assertHygiene({ method: 'GET', status: 200, headers: reply.headers, encrypted: true });
    }
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await assert.rejects(handshake(service.url, old));
  });

  test('no cipher without forward secrecy and authentication of what is sent', async () => {
    for (const ciphers of [
      'AES128-GCM-SHA256',
      'AES256-SHA',
      'ECDHE-ECDSA-AES128-SHA',
      'ECDHE-ECDSA-AES256-SHA384',
    ]) {
      await assert.rejects(handshake(service.url, { maxVersion: 'TLSv1.2', ciphers }), ciphers);
    }
    const socket = await handshake(service.url, { maxVersion: 'TLSv1.2' });
    assert.match(socket.getCipher().name, /^ECDHE-ECDSA-(AES\d+-GCM|CHACHA20)/);
    socket.destroy();
  });

  test('400 for bytes that are not HTTP, as a problem document with its headers', async () => {
    const text = await exchange(service.url, 'nonsense\r\n\r\n');
    const [head = '', body = ''] = text.split('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 400 /);
    assert.equal(JSON.parse(body).code, 'malformed_request');
    assertHygiene({ method: 'GET', status: 400, headers: headersOf(head), encrypted: true });
  });

  test('a client that does not speak TLS is disconnected without a response, and others are served', async () => {
    const http = service.url.replace('https:', 'http:');
    for (const bytes of [
      'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n',
      '\x16\x03\x01\xff\xff',
      'x'.repeat(10_000),
    ]) {
      const { text, closed } = await sendRaw(http, bytes, 12_000);
      // A TLS alert may be sent, but no HTTP.
      assert.ok(closed && !text.includes('HTTP'), JSON.stringify(text));
    }
    assert.equal((await send(service.url)).status, 200);
  });

  test('an unusable certificate or key prevents the start and is explained', (t) => {
    const other = makeCertificate(folder, 'other');
    const weak = makeCertificate(folder, 'weak', { keyArguments: ['rsa:512'] });
    const garbage = join(folder, 'garbage.pem');
    writeFileSync(garbage, 'garbage');
    const { certificateFile, keyFile } = files;
    const missing = join(folder, 'missing.pem');
    const cases: readonly (readonly [TlsFiles, RegExp, number?])[] = [
      [{ certificateFile: missing, keyFile }, /TLS_CERT_FILE \S+ cannot be read: the file does not exist/],
      [{ certificateFile, keyFile: missing }, /TLS_KEY_FILE \S+ cannot be read: the file does not exist/],
      [{ certificateFile: folder, keyFile }, /TLS_CERT_FILE \S+ cannot be read: the system says EISDIR/],
      [{ certificateFile: garbage, keyFile }, /TLS_CERT_FILE \S+ holds no certificate in PEM/],
      [{ certificateFile, keyFile: garbage }, /TLS_KEY_FILE \S+ holds no private key/],
      [{ certificateFile: keyFile, keyFile: certificateFile }, /TLS_CERT_FILE \S+ holds no certificate/],
      [{ certificateFile, keyFile: other.keyFile }, /TLS_KEY_FILE \S+ is not the key of the certificate/],
      [weak, /TLS_CERT_FILE \S+ holds a certificate that cannot be used: .*too small/],
      [files, /TLS_CERT_FILE \S+ holds a certificate that expired at 2/, Date.now() + 3 * dayMs],
      [files, /TLS_CERT_FILE \S+ holds a certificate that is not valid before 2/, Date.now() - dayMs],
    ];
    for (const [given, reason, now] of cases) {
      assert.throws(
        () => readCertificate(given, now),
        (fault) => fault instanceof ConfigurationError && reason.test(fault.message),
        String(reason),
      );
    }
    t.diagnostic(`${cases.length} faults, each explained`);
  });

  test('a new certificate is served when its files change, a broken one never', async (t) => {
    const live = { certificateFile: join(folder, 'live.crt'), keyFile: join(folder, 'live.key') };
    const replace = (from: TlsFiles) => {
      for (const name of ['certificateFile', 'keyFile'] as const) {
        copyFileSync(from[name], `${live[name]}.new`);
        renameSync(`${live[name]}.new`, live[name]);
      }
    };
    replace(files);
    const { server, url, lines } = await startServer(t, live);
    const commonName = async () => (await send(url)).certificate.subject.CN;
    const renewal = await watchCertificate(server, live, log(lines), 20);
    t.after(() => renewal.stop());
    const kept = await handshake(url);
    assert.equal(await commonName(), 'first');

    replace(makeCertificate(folder, 'second'));
    await until(async () => (await commonName()) === 'second');
    assert.equal(kept.getPeerCertificate().subject.CN, 'first', 'an open connection was interrupted');

    lines.length = 0;
    // In one step, because a file being written may be read twice.
    writeFileSync(`${live.certificateFile}.new`, readFileSync(live.certificateFile).subarray(0, 100));
    renameSync(`${live.certificateFile}.new`, live.certificateFile);
    await until(async () => lines.length > 0);
    await pause(200);
    assert.equal(lines.length, 1, 'a fault is logged repeatedly');
    assert.match(lines[0] ?? '', /not renewed/);
    assert.equal(await commonName(), 'second');

    replace(makeCertificate(folder, 'third'));
    await until(async () => (await commonName()) === 'third');
    kept.destroy();
  });

  test('requests and responses keep their original prototypes', async (t) => {
    const seen: boolean[] = [];
    const { server, url } = await startServer(t, files);
    const prototypes: unknown[] = [];
    server.prependListener('request', (req, res) => {
      prototypes.push(Object.getPrototypeOf(req), Object.getPrototypeOf(res));
    });
    server.on('request', (req, res) => {
      seen.push(Object.getPrototypeOf(req) === prototypes[0], Object.getPrototypeOf(res) === prototypes[1]);
    });
    assert.equal((await send(url)).status, 200);
    assert.deepEqual(seen, [true, true]);
  });
});

interface HttpsReply {
  readonly status: number;
  readonly headers: Headers;
  readonly protocol: string | null;
  readonly certificate: PeerCertificate;
}

/** GETs the list on its own connection. The certificate is self-signed and not verified. */
function send(url: string, options: RequestOptions = {}): Promise<HttpsReply> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ maxCachedSessions: 0 });
    const sent = request(`${url}/customers`, { rejectUnauthorized: false, agent, ...options }, (reply) => {
      const socket = reply.socket as TLSSocket;
      const [protocol, certificate] = [socket.getProtocol(), socket.getPeerCertificate()];
      const headers = new Headers(
        Object.entries(reply.headers).map(([name, value]) => [name, String(value)]),
      );
      reply
        .resume()
        .on('end', () => resolve({ status: reply.statusCode ?? 0, headers, protocol, certificate }));
    });
    sent.on('error', reject).end();
  });
}

function handshake(url: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const target = { host: hostname, port: Number(port), rejectUnauthorized: false, ...options };
    const socket = connect(target, () => resolve(socket));
    socket.on('error', reject);
  });
}

async function exchange(url: string, bytes: string): Promise<string> {
  const socket = await handshake(url);
  socket.write(bytes);
  let text = '';
  for await (const part of socket.setEncoding('latin1')) text += part;
  return text;
}

async function startServer(cleanup: { after(task: () => void): void }, files: TlsFiles) {
  const lines: string[] = [];
  const app = express();
  app.get('/customers', (_request, response) => void response.end('[]'));
  const observers = { ids: () => uuidv7(), log: log(lines), metrics: createMetrics() };
  const certificate = readCertificate(files);
  const server = createHttpServer(app, observers, {
    keepAliveTimeoutMs: 1000,
    connectionsMax: 50,
    certificate,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { readonly port: number };
  assert.ok(server instanceof HttpsServer);
  return {
    server,
    url: `https://127.0.0.1:${port}`,
    lines,
  };
}

/** A log that collects its lines. */
function log(lines: string[]) {
  const line = (_entry: LogEntry, message: string) => void lines.push(message);
  return { info: line, warn: line, error: line, flush: (written: () => void) => written() };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let turns = 0; turns < 200; turns++) {
    if (await condition()) return;
    await pause(25);
  }
  assert.fail('timed out waiting for the condition');
}
