import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { contract, contractJson, contractYaml } from '../../contract/document.ts';
import { metricsScope } from '../../domain/authentication.ts';
import { type CustomerStore, type ReadinessFault, readinessChecks } from '../../domain/customer-store.ts';
import { Failure, unavailable } from '../../domain/failures.ts';
import type { Lifecycle } from '../../runtime/lifecycle.ts';
import { within } from '../../runtime/with-timeout.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { securityHeaders } from '../headers.ts';
import { demandScope } from '../middleware/authentication.ts';
import { isLoopbackAuthority } from '../middleware/loopback-guard.ts';
import { docsPageAnswers, docsPagePaths, fixedReply } from './docs.ts';

/** Where RFC 9727 has a machine look for what a host offers. */
export const apiCatalogPath = '/.well-known/api-catalog';

/** Of the one API here: relative, since only who asks knows by which name the host is reached. */
const api = '/customers';

const linkset = {
  linkset: [
    { anchor: apiCatalogPath, item: [{ href: api }] },
    {
      anchor: api,
      'service-desc': [
        { href: '/openapi.yaml', type: 'application/yaml' },
        { href: '/openapi.json', type: 'application/json' },
      ],
      'service-doc': [{ href: '/docs', type: 'text/html', title: `${contract.info.title} API` }],
      status: [{ href: '/readyz', type: 'text/plain' }],
    },
  ],
};

/** The catalog as a set of links (RFC 9264). HEAD tells the API too, by its header (RFC 9727 section 2). */
export function apiCatalog(): RequestHandler {
  return fixedReply({
    contentType: 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"',
    load: () => JSON.stringify(linkset),
    headers: { Link: `<${apiCatalogPath}>; rel="api-catalog", <${api}>; rel="item"` },
  });
}

export interface OperationalParts extends ReadinessParts {
  readonly metrics: Metrics;
  /** Finds out who asks for the metrics from elsewhere; undefined where nobody has a credential. */
  readonly authenticate: RequestHandler | undefined;
}

/** Everything that is served and is not in the contract. A test holds the router against this list. */
export const operationalPaths = [
  '/livez',
  '/readyz',
  '/metrics',
  '/openapi.yaml',
  '/openapi.json',
  ...docsPagePaths,
  apiCatalogPath,
] as const;

/** Answers the paths that operators and tools ask for. They need no validation: none takes any input. */
export function answerOperationalPaths(parts: OperationalParts): RequestHandler {
  const answers: Record<(typeof operationalPaths)[number], RequestHandler> = {
    '/livez': (_request, response) => sendText(response, 'text/plain', 'ok\n'),
    '/readyz': readiness(parts),
    '/metrics': figures(parts),
    '/openapi.yaml': fixedReply({ contentType: 'application/yaml', load: () => contractYaml }),
    '/openapi.json': fixedReply({ contentType: 'application/json', load: () => contractJson }),
    ...docsPageAnswers(),
    [apiCatalogPath]: apiCatalog(),
  };
  const answerOf = new Map<string, RequestHandler>(Object.entries(answers));
  return function answerOperationalPaths(request, response, next) {
    const answer = answerOf.get(request.path);
    if (!answer) {
      next();
      return undefined;
    }
    if (request.method === 'GET' || request.method === 'HEAD') return answer(request, response, next);
    throw new Failure('method_not_allowed', 'This path is only read.', { headers: { Allow: 'GET, HEAD' } });
  };
}

/** Ready means: the next request can be served. Liveness never asks the database. */
function readiness(parts: ReadinessParts): RequestHandler {
  const checkReadiness = createReadiness(parts);
  return async (_request, response) => sendText(response, 'text/plain', await checkReadiness());
}

/** The metrics: for this machine, and for who has the scope. Without credentials nobody else learns of them. */
function figures({ metrics, authenticate }: OperationalParts): RequestHandler {
  const send = async (response: Response) => sendText(response, metrics.contentType, await metrics.render());
  return (request, response, next: NextFunction) => {
    if (isLocal(request)) return send(response);
    if (!authenticate) throw new Failure('not_found', 'There is nothing at this path.');
    return authenticate(request, response, (error?: unknown) => {
      if (error) {
        next(error);
        return;
      }
      demandScope(request, metricsScope);
      void send(response).catch(next);
    });
  };
}

/** A proxy on this machine speaks for others, and a name that was made to point here for another site. */
function isLocal(request: Request): boolean {
  if (!isLoopbackAuthority(request.headers.host ?? 'localhost')) return false;
  const address = request.socket.remoteAddress ?? '';
  const local = address === '::1' || /^(::ffff:)?127\./.test(address);
  return local && request.headers.forwarded === undefined && request.headers['x-forwarded-for'] === undefined;
}

function sendText(response: Response, contentType: string, text: string): void {
  response.writeHead(200, {
    ...securityHeaders(response.req.socket),
    'X-Request-Id': response.req.context.requestId,
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
}

/** A port of its own for those who watch the service: it has `/metrics`, asks for no credential, and nothing else. */
export interface MetricsServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Whoever scrapes does it from a few connections; more are closed. */
const scrapersMax = 64;
const scrapeTimeoutMs = 10_000;

/** Rejects as `listen` of Node's server does. */
export async function startMetricsServer(
  { host, port }: MetricsServerOptions,
  metrics: Metrics,
): Promise<MetricsServer> {
  const server = createServer({ headersTimeout: scrapeTimeoutMs, requestTimeout: scrapeTimeoutMs });
  server.maxConnections = scrapersMax;
  server.on('request', (request, response) => void answer(request, response, metrics));
  server.listen({ host, port });
  await once(server, 'listening');
  const { address, family, port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}/metrics`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: Metrics): Promise<void> {
  if (request.url !== '/metrics') return end(response, 404, 'There is only /metrics here.\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return end(response, 405, '/metrics is only read.\n');
  }
  try {
    end(response, 200, await metrics.render(), metrics.contentType);
  } catch {
    end(response, 500, 'The figures could not be taken.\n');
  }
}

function end(response: ServerResponse, status: number, text: string, contentType = 'text/plain'): void {
  response.writeHead(status, {
    ...securityHeaders(response.req.socket),
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** So many probes as there may be, the database is asked once in this time. */
const probeTtlMs = 250;
/** Less than the second that Kubernetes gives a probe. */
const probeTimeoutMs = 800;
/** How long the last answer holds where the next one takes longer: busy is not out of order. */
const lateProbeTtlMs = 5000;

export interface ReadinessParts {
  readonly customers: Pick<CustomerStore, 'checkReady'>;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
}

interface Outcome {
  readonly faults: readonly ReadinessFault[];
  readonly at: number;
}

/**
 * Tells whether the next request can be served: what holds, a line each.
 * Rejects with Failure `unavailable`, which names what does not hold.
 */
export function createReadiness({ customers, lifecycle, log }: ReadinessParts): () => Promise<string> {
  let latest: Outcome | undefined;
  let running: Promise<void> | undefined;

  async function probe(): Promise<void> {
    const faults = await customers.checkReady();
    tellChange(faults);
    latest = { faults, at: performance.now() };
    running = undefined;
  }

  function tellChange(faults: readonly ReadinessFault[]): void {
    const before = namesOf(latest?.faults ?? []);
    if (namesOf(faults) === before) return;
    for (const { check, cause } of faults) log.warn({ reason: check, err: cause }, 'not ready');
    if (faults.length === 0) log.info({}, 'ready again');
  }

  function knownFaults(ageMs: number): readonly ReadinessFault[] | undefined {
    return latest && performance.now() - latest.at < ageMs ? latest.faults : undefined;
  }

  async function currentFaults(): Promise<readonly ReadinessFault[]> {
    const known = knownFaults(probeTtlMs);
    if (known) return known;
    running ??= probe();
    const answered = await within(
      probeTimeoutMs,
      running.then(() => true),
      () => false,
    );
    const silent: ReadinessFault = { check: 'database', detail: 'It does not answer.' };
    return knownFaults(answered ? Number.POSITIVE_INFINITY : lateProbeTtlMs) ?? [silent];
  }

  return async () => {
    if (lifecycle.stopping) throw notReady([{ check: 'service', detail: 'The service is stopping.' }]);
    const faults = await currentFaults();
    if (faults.length > 0) throw notReady(faults);
    return `ready\n${readinessChecks.map((check) => `${check}: ok\n`).join('')}`;
  };
}

function namesOf(faults: readonly ReadinessFault[]): string {
  return faults.map(({ check }) => check).join(' ');
}

function notReady(faults: readonly ReadinessFault[]) {
  const told = faults.map(({ check, detail }) => `${check}: ${detail}`);
  return unavailable(`The service is not ready. ${told.join(' ')}`, faults[0]?.cause);
}
