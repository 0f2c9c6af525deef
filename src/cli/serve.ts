import type { Config } from '../config/config.ts';
import { type Service, startService } from '../service.ts';
import { endCommand } from './exit.ts';

/** Serves until SIGTERM or Ctrl-C. */
export async function serve(config: Config, version: string): Promise<void> {
  const service = await startService(config, { version });
  // First, for whoever reads where it listens may send a signal at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => void stopOn(signal, service, config).catch(endCommand));
  }
  const { reloadCertificate } = service;
  if (reloadCertificate) process.on('SIGHUP', reloadCertificate);
  announce(service, config, version);
}

/** One Ctrl-C comes twice under npm: from the terminal, and from npm, which passes on what it was sent too. */
const echoMs = 250;

/** When whatever still does not end is cut, so that all is over before Docker or a service manager kills it. */
const stopTimeoutMs = 9500;
/** The least of it after the delay. */
const stopLeastMs = 6500;

let isStopping = false;
let echoIsOver = false;

/**
 * The first signal lets requests under way end; a second one does not wait for them. SIGTERM comes from what also
 * has to send requests elsewhere, which takes a while; Ctrl-C from a person who waits.
 */
async function stopOn(signal: string, service: Service, { shutdownDelayMs }: Config): Promise<void> {
  if (isStopping) {
    if (echoIsOver) process.exit(130);
    return;
  }
  isStopping = true;
  const endEcho = () => {
    echoIsOver = true;
  };
  // After what has come in has been read: a process that was kept waiting finds an echo late.
  setTimeout(() => setImmediate(endEcho), echoMs).unref();
  service.log.info({ signal }, 'stopping');
  const delayMs = signal === 'SIGTERM' ? shutdownDelayMs : 0;
  setTimeout(() => process.exit(1), Math.max(stopTimeoutMs, delayMs + stopLeastMs)).unref();
  await service.stop({ delayMs });
  process.exit(0);
}

/** For a person at a terminal: where things are, and a line to try. For everyone else: a log line. */
function announce(service: Service, config: Config, version: string): void {
  const { url, metricsUrl, log } = service;
  if (!process.stdout.isTTY) {
    log.info({ url, metricsUrl, version, database: config.database.engine }, 'listening');
    return;
  }
  process.stdout.write(`${bannerOf(service, config, version)}\n`);
}

/** What a person at a terminal is told. */
export function bannerOf({ url, metricsUrl }: Service, config: Config, version: string): string {
  const lines = [
    `Customers ${version} listens on ${url} (${describeDatabase(config)}). Ctrl-C stops it.`,
    '',
    `  API        ${url}/customers`,
    `  Docs       ${url}/docs`,
    `  Contract   ${url}/openapi.yaml`,
    `  Health     ${url}/readyz`,
    `  Metrics    ${metricsUrl ?? `${url}/metrics`}`,
    '',
    ...describeCredentials(config),
    'Create a first customer:',
    '',
    `  curl -i ${url}/customers ${credential(config)}-H 'Content-Type: application/json' -d '{"name":"Ada Lovelace","email":"ada@example.com"}'`,
    '',
  ];
  return lines.join('\n');
}

function describeCredentials({ authentication }: Config): string[] {
  if (authentication === 'off') return [];
  const makeOne =
    '  KEY=$(npm run -s customers -- keys create --name me --scope customers:read customers:write)';
  return authentication.keys ? ['Make a key to call it with:', '', makeOne, ''] : [];
}

function credential({ authentication }: Config): string {
  if (authentication === 'off') return '';
  return `-H "Authorization: Bearer $${authentication.keys ? 'KEY' : 'TOKEN'}" `;
}

function describeDatabase({ database }: Config): string {
  if (database.engine === 'postgres') return 'PostgreSQL';
  return database.temporary ? 'SQLite in a temporary file, gone at exit' : `SQLite in ${database.file}`;
}
