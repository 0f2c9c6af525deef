import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { type CertificateFiles, makeCertificate, withoutOpenssl } from '../support/certificates.ts';
import { endWithThisProcess } from '../support/child-processes.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { freePort } from '../support/free-port.ts';

export type GatewayName = 'nginx' | 'caddy';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Gateway {
  readonly port: number;
  readonly certificate: Buffer;
  readonly agent: Agent;
  call(method: string, path: string, headers?: Record<string, string>, body?: string): Promise<Reply>;
  /** Its log so far. */
  log(): string;
}

const readyTimeoutMs = 20_000;

/** Why it cannot run here; false if it can. */
export function without(name: GatewayName): string | false {
  const argument = name === 'nginx' ? '-v' : 'version';
  return spawnSync(name, [argument]).status === 0 ? withoutOpenssl() : `${name} is not installed`;
}

/**
 * Runs the gateway with its file from deploy/gateway/, changing only addresses, paths and, if given, the
 * rate.
 */
export async function startGateway(
  cleanup: Cleanup,
  name: GatewayName,
  upstreamPorts: readonly [number, number],
  ratePerSecond?: number,
): Promise<Gateway> {
  const folder = await temporaryFolder(cleanup);
  const files = makeCertificate(folder, 'gateway');
  const port = await freePort();
  const configuration = { nginx: nginxFile, caddy: caddyFile }[name](folder, port, files, ratePerSecond);
  const file = join(folder, 'configuration');
  const [one, other] = upstreamPorts;
  writeFileSync(
    file,
    replaced(
      replaced(configuration, '127.0.0.1:8081', `127.0.0.1:${one}`),
      '127.0.0.1:8082',
      `127.0.0.1:${other}`,
    ),
  );
  const child = name === 'nginx' ? spawnNginx(folder, file) : spawnCaddy(folder, file);
  endWithThisProcess(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part) => {
      said += part;
    });
  }
  afterwards(cleanup, () => stop(child));
  const certificate = readFileSync(files.certificateFile);
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca: certificate });
  afterwards(cleanup, () => agent.destroy());
  const gateway: Gateway = {
    port,
    certificate,
    agent,
    call: (method, path, headers = {}, body = undefined) =>
      call({ port, agent }, method, path, headers, body),
    log: () => (name === 'nginx' ? readFileSync(join(folder, 'access.log'), 'utf8') : said),
  };
  const deadline = performance.now() + readyTimeoutMs;
  while (
    !(await gateway.call('GET', '/livez').then(
      ({ status }) => status === 200,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`${name} did not start:\n${said}`);
    await delay(50);
  }
  return gateway;
}

function nginxFile(
  folder: string,
  port: number,
  { certificateFile, keyFile }: CertificateFiles,
  rate?: number,
): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => {
    mkdirSync(join(folder, each));
    return `${each}_temp_path ${join(folder, each)};`;
  });
  let file = readFileSync(new URL('../../deploy/gateway/nginx.conf', import.meta.url), 'utf8');
  file = replaced(file, 'http {\n', `http {\n${temporary.join('\n')}\n`);
  file = replaced(file, 'listen 443', `listen 127.0.0.1:${port}`);
  file = replaced(file, 'access_log /dev/stdout', `access_log ${join(folder, 'access.log')}`);
  file = replaced(file, '/etc/nginx/tls/tls.crt', certificateFile);
  file = replaced(file, '/etc/nginx/tls/tls.key', keyFile);
  return rate === undefined ? file : replaced(file, 'rate=50r/s', `rate=${rate}r/s`);
}

function caddyFile(_folder: string, port: number, { certificateFile, keyFile }: CertificateFiles): string {
  let file = readFileSync(new URL('../../deploy/gateway/Caddyfile', import.meta.url), 'utf8');
  file = replaced(file, 'https://customers.example.com', `https://localhost:${port}`);
  file = replaced(file, '/etc/caddy/tls/tls.crt', certificateFile);
  return replaced(file, '/etc/caddy/tls/tls.key', keyFile);
}

function replaced(file: string, part: string, by: string): string {
  if (!file.includes(part)) throw new Error(`The configuration has no ${part}.`);
  return file.replaceAll(part, by);
}

function spawnNginx(folder: string, file: string): ChildProcess {
  // As root its workers would switch to a user who cannot read this folder.
  const user = process.getuid?.() === 0 ? 'user root; ' : '';
  const directives = `${user}daemon off; pid ${join(folder, 'nginx.pid')};`;
  return spawn('nginx', ['-p', folder, '-c', file, '-g', directives], { stdio: ['ignore', 'pipe', 'pipe'] });
}

function spawnCaddy(folder: string, file: string): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const args = ['run', '--config', file, '--adapter', 'caddyfile'];
  return spawn('caddy', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(late);
}

async function call(
  options: RequestOptions,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | undefined,
): Promise<Reply> {
  const sent = request({
    host: 'localhost',
    ...options,
    method,
    path,
    headers: withType(headers, body),
    timeout: 30_000,
  });
  sent.on('timeout', () => sent.destroy(new Error('no response in 30 s')));
  sent.end(body);
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, headers: response.headers, text: await text(response) };
}

function withType(headers: Record<string, string>, body: string | undefined): Record<string, string> {
  if (body === undefined) return headers;
  return {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  };
}
