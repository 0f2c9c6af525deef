import { once } from 'node:events';
import type { Server } from 'node:http';

import { Server as HttpsServer } from 'node:https';

import { type AddressInfo, createServer as createProbe } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { v7 as uuidv7 } from 'uuid';
import { type CredentialParts, type Credentials, openCredentials } from './authentication/credentials.ts';
import { keyTrustMs as defaultKeyTrustMs } from './authentication/keyring.ts';
import type { Config } from './config.ts';
import type { Clock, IdSource } from './domain/sources.ts';
import { createApplication } from './http/application.ts';

import { renewCertificate } from './http/certificate-renewal.ts';

import { createFeedStreams } from './http/feed-streams.ts';
import { changeHandlers } from './http/handlers/changes.ts';

import { customerHandlers } from './http/handlers/customers.ts';
import { erasureHandlers } from './http/handlers/erasure.ts';
import { externalIdHandlers } from './http/handlers/external-ids.ts';
import { historyHandlers } from './http/handlers/history.ts';
import { transferHandlers } from './http/handlers/transfer.ts';
import { watchConnections } from './http/open-connections.ts';
import { createHttpServer } from './http/server.ts';

import { type Certificate, readCertificate } from './http/tls-certificate.ts';

import { watchEventLoop } from './operations/event-loop-delay.ts';
import { startHousekeeping } from './operations/housekeeping.ts';

import { createLifecycle } from './operations/lifecycle.ts';
import { closeLog, createLog, type Log } from './operations/log.ts';
import { createMetrics } from './operations/metrics.ts';
import { type Database, openToServe } from './storage/database.ts';
import { createStorage, type Storage } from './storage/storage.ts';

/** A running service. */
export interface Service {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly log: Log;
  /** Reads the certificate's files now; undefined where the service speaks plain HTTP. */
  readonly reloadCertificate: (() => void) | undefined;
  /** Lets requests under way end, then closes connections and database. May be called more than once. */
  stop(options?: StopOptions): Promise<void>;
}

export interface StopOptions {
  /**
   * How long everything is still served, while readiness already tells load balancers to send no more; in its second
   * half each reply closes its connection, so that clients are told before they are hung up on.
   */
  readonly delayMs?: number;
}

/** What tests put in the place of the world. */
export interface ServiceOptions {
  readonly clock?: Clock;
  readonly ids?: IdSource;
  /** How long after a sweep of what is past its time the next one begins. */
  readonly sweepIntervalMs?: number;
  /** How long API keys are trusted that cannot be looked at. */
  readonly keyTrustMs?: number;
}

/** Ids of version 7, so that later customers come later in every index. */
export const newId: IdSource = () => uuidv7();

/** How long requests under way may go on while the service stops, what it has waited before included. */
const drainTimeoutMs = 8000;
/** The least of it, however long it has waited. */
const drainLeastMs = 5000;

/**
 * Builds the service from its parts and starts it.
 * @throws StorageProblem or the server's own error (such as EADDRINUSE); nothing is left open then.
 */
export async function startService(config: Config, options: ServiceOptions = {}): Promise<Service> {
  const { clock = Date.now, ids = newId, sweepIntervalMs = 60_000, keyTrustMs = defaultKeyTrustMs } = options;
  const log = await createLog(config.logLevel);
  // Before the database: a start that must fail makes none.
  await checkAddress(config);
  const certificate = config.tls && readCertificate(config.tls);
  const database = await openToServe(config.database, config.requestTimeoutMs);
  try {
    return await serve(config, certificate, database, log, { clock, ids, sweepIntervalMs, keyTrustMs });
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function serve(
  config: Config,
  certificate: Certificate | undefined,
  database: Database,
  log: Log,
  options: Required<ServiceOptions>,
): Promise<Service> {
  const { ids, sweepIntervalMs } = options;
  const { requireIfMatch, retention, tls } = config;
  const lifecycle = createLifecycle();
  const metrics = createMetrics();
  const storage = await createStorage(database, { ...options, retention });
  const { customers, erasures, histories, feed, sweep, idle } = storage;
  const credentials = await openAuthentication(config, storage, log, options);
  const streams = createFeedStreams(feed);
  const eventLoop = watchEventLoop();
  const load = { store: storage.load, eventLoop };
  metrics.observeLoad(load);
  metrics.observeFeed({ streams: () => streams.count, head: async () => (await feed.extent()).head });
  const handlers = {
    ...customerHandlers({ customers, requireIfMatch }),
    ...externalIdHandlers({ customers }),
    ...erasureHandlers({ erasures, requireIfMatch }),
    ...historyHandlers({ histories }),
    ...changeHandlers({ feed, streams }),
    ...transferHandlers({ customers }),
  };
  const observers = { ids, log, metrics };
  const app = await createApplication({
    ...config,
    ...observers,
    authenticator: credentials,
    handlers,
    customers,
    lifecycle,
    load,
  });
  const { keepAliveTimeoutMs, connectionsMax } = config;
  const server = createHttpServer(app, observers, { keepAliveTimeoutMs, connectionsMax, certificate });
  const connections = watchConnections(server);
  await listen(server, config).catch(async (error: unknown) => {
    eventLoop.stop();
    await credentials?.stop();
    throw error;
  });
  const renewal = tls && server instanceof HttpsServer ? await renewCertificate(server, tls, log) : undefined;
  const housekeeping = startHousekeeping(sweep, { log, intervalMs: sweepIntervalMs });

  let stopped: Promise<void> | undefined;
  async function stop({ delayMs = 0 }: StopOptions = {}): Promise<void> {
    lifecycle.beginStop();
    await pause(delayMs / 2);
    lifecycle.beginClosing();
    streams.stop();
    await pause(delayMs / 2);
    renewal?.stop();
    await connections.drain(Math.max(drainTimeoutMs - delayMs, drainLeastMs));
    eventLoop.stop();
    await credentials?.stop();
    await Promise.all([housekeeping.stop(), idle()]);
    await database.close();
    await closeLog(log);
  }
  return {
    url: urlOf(server),
    log,
    reloadCertificate: renewal && (() => renewal.reload()),
    stop(options) {
      stopped ??= stop(options);
      return stopped;
    },
  };
}

/** Rejects as {@link listen} would. */
async function checkAddress({ host, port }: Config): Promise<void> {
  const probe = createProbe();
  probe.listen({ host, port });
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}

/** Nothing where everybody may do everything. */
async function openAuthentication(
  { authentication }: Config,
  { apiKeys }: Storage,
  log: Log,
  { clock, keyTrustMs }: Required<ServiceOptions>,
): Promise<Credentials | undefined> {
  if (authentication === 'off') return undefined;
  const onHealth: CredentialParts['onHealth'] = (part, error) => {
    if (error === undefined) log.info({ part }, 'credentials can be checked again');
    else log.error({ part, err: error }, 'credentials cannot be brought up to date');
  };
  return openCredentials(authentication, { keys: apiKeys, clock, keyTrustMs, onHealth });
}

async function listen(server: Server, { host, port }: Config): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  const scheme = server instanceof HttpsServer ? 'https' : 'http';
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
