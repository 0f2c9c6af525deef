import { once } from 'node:events';
import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import type { IdSource } from '../domain/clock.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { AccessLogDeps } from './access-log.ts';
import { limitConnections } from './connections.ts';
import { bodyTimeoutMs } from './middleware/body.ts';
import { headerCountMax, urlLengthMax } from './middleware/request-line.ts';
import { HttpFailure, problemFor, problemHeaders } from './problem.ts';
import { type MetricsServer, startMetricsServer } from './routes/metrics.ts';
import type { Certificate } from './tls.ts';

const headersTimeoutMs = 10_000;
const connectionsCheckingIntervalMs = 1000;
/** Headers and request line together. Larger than `urlLengthMax`, so that a long URL gets its own error. */
const headerBytesMax = 32_768;

/** How long a connection may neither send nor read anything. */
const idleSocketTimeoutMs = 60_000;

export interface HttpServerOptions {
  /** Set it longer than the load balancer's own timeout, so that the load balancer closes idle connections. */
  readonly keepAliveTimeoutMs: number;
  readonly connectionsMax: number;
  /** Undefined for plain HTTP. */
  readonly certificate: Certificate | undefined;
}

export interface HttpServerDeps extends AccessLogDeps {
  readonly ids: IdSource;
}

/** Creates an HTTP or HTTPS server that also answers requests that Node cannot parse with problem details. */
export function createHttpServer(
  app: Express,
  deps: HttpServerDeps,
  { keepAliveTimeoutMs, connectionsMax, certificate }: HttpServerOptions,
): Server {
  const options = {
    ...messageClasses(app),
    headersTimeout: headersTimeoutMs,
    // Would also cut long uploads: `startBodyDeadline` in middleware/body.ts replaces it.
    requestTimeout: 0,
    connectionsCheckingInterval: connectionsCheckingIntervalMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: headerBytesMax,
    // `checkRequestLine` answers with problem details.
    requireHostHeader: false,
  };
  const listener = app as RequestListener;
  const server = certificate
    ? createHttpsServer({ ...options, ...certificate.options, handshakeTimeout: headersTimeoutMs }, listener)
    : createServer(options, listener);
  limitConnections(server, connectionsMax);
  server.timeout = idleSocketTimeoutMs;
  // One above the limit, so that `checkRequestLine` sees the excess: Node drops the rest silently.
  server.maxHeadersCount = headerCountMax + 1;
  server.on('clientError', (error, socket) => onClientError(error, socket, deps));
  server.on('connect', (_request, socket) => onConnect(socket, deps));
  // Without a listener Node would answer 417 without problem details.
  server.on('checkExpectation', listener);
  // Without a listener Node would send 100 Continue before authentication: see `continueBody`.
  server.on('checkContinue', listener);
  return server;
}

/**
 * Request and response classes that inherit from Express's prototypes. Express sets the prototype of every request,
 * which makes V8 discard optimized object shapes; with these classes it already matches.
 */
function messageClasses(app: Express) {
  class ServiceRequest extends IncomingMessage {}
  class ServiceResponse extends ServerResponse {}
  Object.setPrototypeOf(ServiceRequest.prototype, app.request);
  Object.setPrototypeOf(ServiceResponse.prototype, app.response);
  app.request = ServiceRequest.prototype as typeof app.request;
  app.response = ServiceResponse.prototype as unknown as typeof app.response;
  return { IncomingMessage: ServiceRequest, ServerResponse: ServiceResponse };
}

const noTunnels = new HttpFailure('malformed_request', 'This is no proxy: it takes no CONNECT.');

/** Refuses CONNECT. Node detaches from the socket, so its errors must be handled here. */
function onConnect(socket: Duplex, deps: HttpServerDeps): void {
  socket.on('error', () => socket.destroy());
  refuse(socket, noTunnels, deps);
}

type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/** Answers a request that Node could not parse. It has no response object, so the reply goes to the socket. */
function onClientError(error: ClientError, socket: Duplex, deps: HttpServerDeps): void {
  // After a failed handshake the client cannot read HTTP.
  const handshakeFailed = /^ERR_(SSL|TLS)_/.test(error.code ?? '');
  if (!socket.writable || handshakeFailed || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  // Let the response to an earlier request complete, as the last one of the connection.
  const response = (socket as Duplex & { _httpMessage?: ServerResponse })._httpMessage;
  if (response && (response.headersSent || response.req.complete)) {
    response.shouldKeepAlive = false;
    // An import that responds while it reads would wait for a rest of the body that never arrives.
    if (!response.req.complete && !response.writableEnded) (socket as Socket).destroySoon();
    return;
  }
  refuse(socket, clientFailure(error), deps);
}

/** Writes a problem response to the socket and closes it. */
function refuse(socket: Duplex, failure: HttpFailure, { ids, log, metrics }: HttpServerDeps): void {
  const problem = problemFor(failure, { requestId: ids(), declaresUnprocessable: false });
  const body = JSON.stringify(problem);
  const headers = Object.entries({ ...problemHeaders(failure, problem, body, socket), Connection: 'close' });
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${head}\r\n${body}`);
  metrics.requestStarted();
  metrics.requestEnded('other', problem.status, 0);
  log.info(
    { requestId: problem.requestId, status: problem.status, code: problem.code },
    'unreadable request',
  );
}

function clientFailure(error: ClientError): HttpFailure {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW': {
      const start = error.rawPacket?.subarray(0, urlLengthMax).toString('latin1') ?? '';
      const longUrl = /^[A-Z]+ \S+$/.test(start) && start.length >= urlLengthMax;
      if (longUrl)
        return new HttpFailure('uri_too_long', `The URL is longer than ${urlLengthMax} characters.`);
      return new HttpFailure('headers_too_large', `The headers are larger than ${headerBytesMax} bytes.`);
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpFailure(
        'request_timeout',
        `The request did not arrive in time: its headers may take ${headersTimeoutMs} ms, its body ${bodyTimeoutMs} ms.`,
      );
    default:
      return new HttpFailure('malformed_request', 'This is not an HTTP request that can be read.');
  }
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Rejects if the address cannot be listened on, with the same error as {@link listen}. */
export async function checkAddress({ host, port }: ListenAddress): Promise<void> {
  const probe = createTcpServer();
  probe.listen({ host, port });
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}

/** Starts listening. Rejects with Node's error, such as EADDRINUSE. */
async function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
}

/**
 * Starts listening for requests and, if it has its own address, for metrics. Metrics come first: when the service
 * accepts requests, everything is up.
 */
export async function listenWithMetrics(
  server: Server,
  address: ListenAddress,
  metricsAddress: ListenAddress | undefined,
  metrics: Metrics,
): Promise<MetricsServer | undefined> {
  const metricsServer = metricsAddress && (await startMetricsServer(metricsAddress, metrics));
  try {
    await listen(server, address);
    return metricsServer;
  } catch (error) {
    await metricsServer?.stop();
    throw error;
  }
}

export function schemeOf(server: Server): 'http' | 'https' {
  return server instanceof HttpsServer ? 'https' : 'http';
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Where the server listens, such as `http://127.0.0.1:8080`. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `${schemeOf(server)}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
