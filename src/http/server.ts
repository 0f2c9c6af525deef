import { once } from 'node:events';
import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import { type AddressInfo, createServer as createProbe, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { Failure } from '../domain/failures.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { bodyTimeoutMs } from './middleware/body.ts';
import { headerCountMax, urlLengthMax } from './middleware/request-line.ts';
import { problemFor, problemHeaders } from './problem.ts';
import type { Observers } from './request-context.ts';
import { type MetricsServer, startMetricsServer } from './routes/system.ts';
import type { Certificate } from './tls.ts';

/** Slow clients are cut: by default Node lets each of them sit for a minute. */
const headersTimeoutMs = 10_000;
const connectionsCheckingIntervalMs = 1000;
/** All headers with the request line; above the URL's own limit, so that a long URL is told from long headers. */
const headerBytesMax = 32_768;

/** A client that takes nothing of its reply, and sends nothing, for so long is cut. */
const idleSocketTimeoutMs = 60_000;

export interface HttpServerOptions {
  /** Longer than load balancers keep an idle connection, so that it is they who close it. */
  readonly keepAliveTimeoutMs: number;
  readonly connectionsMax: number;
  /** The server speaks HTTPS with it, and plain HTTP without. */
  readonly certificate: Certificate | undefined;
}

/** An HTTP server for the application that answers also what never becomes a request. */
export function createHttpServer(
  app: Express,
  observers: Observers,
  { keepAliveTimeoutMs, connectionsMax, certificate }: HttpServerOptions,
): Server {
  const options = {
    ...messageClasses(app),
    headersTimeout: headersTimeoutMs,
    // It would also cut an upload that may take long: see `body-deadline.ts`.
    requestTimeout: 0,
    connectionsCheckingInterval: connectionsCheckingIntervalMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: headerBytesMax,
    // We answer it ourselves, with problem details.
    requireHostHeader: false,
  };
  const listener = app as RequestListener;
  const server = certificate
    ? createHttpsServer({ ...options, ...certificate.options, handshakeTimeout: headersTimeoutMs }, listener)
    : createServer(options, listener);
  limitConnections(server, connectionsMax);
  server.timeout = idleSocketTimeoutMs;
  // One more than allowed, so that too many are seen; the rest Node drops silently.
  server.maxHeadersCount = headerCountMax + 1;
  server.on('clientError', (error, socket) => answerClientError(error, socket, observers));
  server.on('connect', (_request, socket) => refuseTunnel(socket, observers));
  // Node would answer 417 itself, without problem details.
  server.on('checkExpectation', listener);
  // Node would ask for every body at once: see `continue-body.ts`.
  server.on('checkContinue', listener);
  return server;
}

/**
 * Classes whose prototypes are already Express's own. Express sets the prototype of each request and response,
 * which makes V8 forget their shapes; where the prototype is the same already, nothing happens. Measured 210 to
 * 65 microseconds for a static reply on Node 20 (bare node:http: 55).
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

/** Node would close the connection without a word; and it lets go of the socket, whose errors are ours from now on. */
function refuseTunnel(socket: Duplex, observers: Observers): void {
  socket.on('error', () => socket.destroy());
  refuse(socket, noProxy, observers);
}

/** A request that Node could not read has no response object: the reply is written to the socket. */
function answerClientError(error: ClientError, socket: Duplex, observers: Observers): void {
  // Without a handshake there is nobody to answer: what is written would not be HTTP to them.
  const unshaken = /^ERR_(SSL|TLS)_/.test(error.code ?? '');
  if (!socket.writable || unshaken || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  // An answer that is under way belongs to a request that was read: it goes out, as the connection's last.
  const answering = (socket as Duplex & { _httpMessage?: ServerResponse })._httpMessage;
  if (answering && (answering.headersSent || answering.req.complete)) {
    answering.shouldKeepAlive = false;
    // What is answered while it comes in, an import, would wait for a rest of its body that never comes.
    if (!answering.req.complete && !answering.writableEnded) (socket as Socket).destroySoon();
    return;
  }
  refuse(socket, clientFailure(error), observers);
}

const noProxy = new Failure('malformed_request', 'This is no proxy: it takes no CONNECT.');

/** Writes a problem to a connection, as the last thing on it. */
function refuse(socket: Duplex, failure: Failure, { ids, log, metrics }: Observers): void {
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

type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

function clientFailure(error: ClientError): Failure {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW': {
      const start = error.rawPacket?.subarray(0, urlLengthMax).toString('latin1') ?? '';
      const longUrl = /^[A-Z]+ \S+$/.test(start) && start.length >= urlLengthMax;
      if (longUrl) return new Failure('uri_too_long', `The URL is longer than ${urlLengthMax} characters.`);
      return new Failure('headers_too_large', `The headers are larger than ${headerBytesMax} bytes.`);
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Failure(
        'request_timeout',
        `The request did not arrive in time: its headers may take ${headersTimeoutMs} ms, its body ${bodyTimeoutMs} ms.`,
      );
    default:
      return new Failure('malformed_request', 'This is not an HTTP request that can be read.');
  }
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Rejects as {@link listen} would. */
export async function checkAddress({ host, port }: ListenAddress): Promise<void> {
  const probe = createProbe();
  probe.listen({ host, port });
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}

/** Rejects with the server's own error, such as EADDRINUSE. */
export async function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
}

export function schemeOf(server: Server): 'http' | 'https' {
  return server instanceof HttpsServer ? 'https' : 'http';
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Such as `http://127.0.0.1:8080`. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `${schemeOf(server)}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/**
 * Listens for requests, and for scrapes where those have an address of their own. That one comes first: the service
 * is not seen to listen before everything does.
 */
export async function listenTogether(
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

/** Connections beyond the limit that are still taken, to be told so and closed. Who comes then is cut. */
const surplusMax = 256;
/** How long such a connection may take to ask anything. */
const surplusTimeoutMs = 2000;

/** For all servers of this process: a connection belongs to one of them. */
const surplus = new WeakSet<Socket>();

/** Whether the connection is one too many: it is answered 503 and closed. Health and metrics are answered. */
export function isSurplus(socket: Socket): boolean {
  return surplus.has(socket);
}

/** Bounds the open connections of a server. */
export function limitConnections(server: Server, connectionsMax: number): void {
  let open = 0;
  const onClose = () => void open--;
  // Over TLS the connection that requests come on is there after the handshake.
  server.on(server instanceof HttpsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    open++;
    socket.once('close', onClose);
    if (open <= connectionsMax) return;
    surplus.add(socket);
    socket.setTimeout(surplusTimeoutMs);
  });
  // Node closes the rest unanswered.
  server.maxConnections = connectionsMax + surplusMax;
}
