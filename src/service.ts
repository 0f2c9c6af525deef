import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from './config.ts';
import type { Clock, IdSource } from './domain/sources.ts';
import { createApplication } from './http/application.ts';
import { renewCertificate } from './http/certificate-renewal.ts';
import { customerHandlers } from './http/handlers/customers.ts';
import { createHttpServer } from './http/server.ts';
import { readCertificate } from './http/tls-certificate.ts';
import { createLifecycle } from './operations/lifecycle.ts';
import { closeLog, createLog, type Log } from './operations/log.ts';
import { createMetrics } from './operations/metrics.ts';
import { type Database, openToServe } from './storage/database.ts';
import { createStorage } from './storage/storage.ts';

/** A running service. */
export interface Service {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly log: Log;
  /** Reads the certificate's files now; undefined where the service speaks plain HTTP. */
  readonly reloadCertificate: (() => void) | undefined;
  /** Lets requests under way end, then closes connections and database. May be called more than once. */
  stop(): Promise<void>;
}

/** What tests put in the place of the world. */
export interface ServiceOptions {
  readonly clock?: Clock;
  readonly ids?: IdSource;
}

/** How long requests under way may go on while the service stops. */
const drainTimeoutMs = 8000;
const idleCheckIntervalMs = 50;

/**
 * Builds the service from its parts and starts it.
 * @throws StorageProblem or the server's own error (such as EADDRINUSE); nothing is left open then.
 */
export async function startService(config: Config, options: ServiceOptions = {}): Promise<Service> {
  const { clock = Date.now, ids = () => uuidv7() } = options;
  const log = await createLog(config.logLevel);
  const database = await openToServe(config.database, config.requestTimeoutMs);
  try {
    return await serve(config, database, log, { clock, ids });
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function serve(
  config: Config,
  database: Database,
  log: Log,
  { clock, ids }: Required<ServiceOptions>,
): Promise<Service> {
  const { requestTimeoutMs, corsOrigins, requireIfMatch, requestsMax, streamsMax, tls } = config;
  const certificate = tls && readCertificate(tls);
  const lifecycle = createLifecycle();
  const metrics = createMetrics();
  const { customers, idle } = await createStorage(database, { clock, ids });
  const handlers = { ...customerHandlers({ customers, requireIfMatch }) };
  const observers = { ids, log, metrics };
  const app = await createApplication({
    ...observers,
    handlers,
    corsOrigins,
    requestTimeoutMs,
    requestsMax,
    streamsMax,
    customers,
    lifecycle,
  });
  const { keepAliveTimeoutMs, connectionsMax } = config;
  const server = createHttpServer(app, observers, { keepAliveTimeoutMs, connectionsMax, certificate });
  await listen(server, config);
  const renewal = tls && server instanceof HttpsServer ? await renewCertificate(server, tls, log) : undefined;

  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    lifecycle.beginStop();
    renewal?.stop();
    await drain(server);
    await idle();
    await database.close();
    await closeLog(log);
  }
  return {
    url: urlOf(server),
    log,
    reloadCertificate: renewal && (() => renewal.reload()),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

async function listen(server: Server, { host, port }: Config): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
}

/** Stops taking connections, lets requests end, and cuts those that do not. */
async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  // A connection becomes idle when its last reply has gone out.
  const idling = setInterval(() => server.closeIdleConnections(), idleCheckIntervalMs);
  const cutting = setTimeout(() => server.closeAllConnections(), drainTimeoutMs);
  await closed;
  clearInterval(idling);
  clearTimeout(cutting);
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  const scheme = server instanceof HttpsServer ? 'https' : 'http';
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
