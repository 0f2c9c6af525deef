import type { Config } from '../config/config.ts';
import { type Service, startService } from '../service.ts';
import { endCommand } from './exit.ts';

/** Serves until SIGTERM or Ctrl-C. */
export async function serve(config: Config, version: string): Promise<void> {
  const service = await startService(config, { version });
  // Before the URL is printed: a signal may follow at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => void stopOn(signal, service, config).catch(endCommand));
  }
  const { reloadCertificate } = service;
  if (reloadCertificate) process.on('SIGHUP', reloadCertificate);
  announce(service, config, version);
}

/** Under npm a single Ctrl-C arrives twice: from the terminal and from npm. */
const echoMs = 250;

/** Hard limit of the shutdown, below the 10 seconds after which Docker kills. */
const stopTimeoutMs = 9500;
/** At least this long after the delay. */
const stopTimeoutMinMs = 6500;

let isStopping = false;
let echoIsOver = false;

/**
 * Stops gracefully on the first signal and exits at once on a second. SIGTERM waits for load balancers first; Ctrl-C does not.
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
  // After pending events: a busy process receives the second copy late.
  setTimeout(() => setImmediate(endEcho), echoMs).unref();
  service.log.info({ signal }, 'stopping');
  const delayMs = signal === 'SIGTERM' ? shutdownDelayMs : 0;
  setTimeout(() => process.exit(1), Math.max(stopTimeoutMs, delayMs + stopTimeoutMinMs)).unref();
  await service.stop({ delayMs });
  process.exit(0);
}

/** Prints the banner on a terminal, and a log line otherwise. */
function announce(service: Service, config: Config, version: string): void {
  const { url, metricsUrl, log } = service;
  if (!process.stdout.isTTY) {
    log.info({ url, metricsUrl, version, database: config.database.engine }, 'listening');
    return;
  }
  process.stdout.write(`${bannerOf(service, config, version)}\n`);
}

/** The text shown on a terminal: where everything is, and a first request to try. */
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
