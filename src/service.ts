import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { type AddressInfo, createServer as createProbe } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { type CredentialParts, type Credentials, openCredentials } from './authentication/credentials.ts';
import { keyTrustMs as defaultKeyTrustMs } from './authentication/keyring.ts';
import type { Config } from './config.ts';
import type { CustomerStore } from './domain/ports.ts';
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
import { type MetricsServer, startMetricsServer } from './http/metrics-server.ts';
import { createHttpServer } from './http/server.ts';
import { type Certificate, readCertificate } from './http/tls-certificate.ts';
import { type Instance, startRegistration } from './operations/discovery.ts';
import { startHousekeeping } from './operations/housekeeping.ts';
import { createLifecycle } from './operations/lifecycle.ts';
import { closeLog, createLog, type Log } from './operations/log.ts';
import { createMetrics, type Metrics } from './operations/metrics.ts';
import { type Database, openToServe } from './storage/database.ts';
import type { Migration } from './storage/migration.ts';
import { migrations } from './storage/migrator.ts';
import type { ReplicaObserver } from './storage/replica-reads.ts';
import { createStorage, type Storage } from './storage/storage.ts';

/** A running service. */
export interface Service {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Where the metrics are by themselves; undefined where they have no port of their own. */
  readonly metricsUrl: string | undefined;
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
  /** How long after a sweep of what is past its time the next one begins. */
  readonly sweepIntervalMs?: number;
  /** How often a Consul agent is told how the service is. */
  readonly consulIntervalMs?: number;
  /** How long API keys are trusted that cannot be looked at. */
  readonly keyTrustMs?: number;
  /** The steps of the schema that the program knows: those of another release. */
  readonly steps?: readonly Migration[];
}

/** Ids of version 7, so that later customers come later in every index. */
export const newId: IdSource = () => uuidv7();

/** How long requests under way may go on while the service stops. */
const drainTimeoutMs = 8000;
const idleCheckIntervalMs = 50;

/**
 * Builds the service from its parts and starts it.
 * @throws StorageProblem or the server's own error (such as EADDRINUSE); nothing is left open then.
 */
export async function startService(config: Config, options: ServiceOptions = {}): Promise<Service> {
  const {
    clock = Date.now,
    ids = newId,
    sweepIntervalMs = 60_000,
    consulIntervalMs = 5000,
    keyTrustMs = defaultKeyTrustMs,
    steps = migrations,
  } = options;
  const log = await createLog(config.logLevel);
  // Before the database: a start that must fail makes none.
  await checkAddress(config);
  const certificate = config.tls && readCertificate(config.tls);
  const database = await openToServe(config.database, config.requestTimeoutMs, steps);
  try {
    const all = { clock, ids, sweepIntervalMs, consulIntervalMs, keyTrustMs, steps };
    return await serve(config, certificate, database, log, all);
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
  const { requireIfMatch, retention, tls, metricsAddress } = config;
  const lifecycle = createLifecycle();
  const metrics = createMetrics();
  const replicaObserver = observeReplica(database, metrics, log);
  const { groups } = metrics;
  const storage = await createStorage(database, { ...options, retention, replicaObserver, groups });
  const { customers, erasures, histories, feed, sweep, idle } = storage;
  const credentials = await openAuthentication(config, storage, log, options);
  const streams = createFeedStreams(feed);
  metrics.observeStorage(storage.figures);
  metrics.observeFeed({
    streams: () => streams.count,
    toldPosition: () => streams.position,
    head: async () => (await feed.extent()).head,
  });
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
  });
  const { keepAliveTimeoutMs, connectionsMax } = config;
  const server = createHttpServer(app, observers, { keepAliveTimeoutMs, connectionsMax, certificate });
  const metricsServer = await listenTogether(server, config, () =>
    metricsAddress ? startMetricsServer(metricsAddress, metrics) : undefined,
  ).catch(async (error: unknown) => {
    await credentials?.stop();
    throw error;
  });
  const renewal = tls && server instanceof HttpsServer ? await renewCertificate(server, tls, log) : undefined;
  const housekeeping = startHousekeeping(sweep, { log, intervalMs: sweepIntervalMs });
  const registration =
    config.consul &&
    startRegistration(config.consul, instanceOf(server, customers), {
      log,
      intervalMs: options.consulIntervalMs,
    });

  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    lifecycle.beginStop();
    // First, while requests are still taken: nobody is to be sent here any more.
    await registration?.stop();
    renewal?.stop();
    streams.stop();
    await drain(server);
    await credentials?.stop();
    await Promise.all([housekeeping.stop(), idle()]);
    await database.close();
    // Last, so that what the stop does can be seen.
    await metricsServer?.stop();
    await closeLog(log);
  }
  return {
    url: urlOf(server),
    metricsUrl: metricsServer?.url,
    log,
    reloadCertificate: renewal && (() => renewal.reload()),
    stop() {
      stopped ??= stop();
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

/** A replica that does not answer is the operator's affair: callers are answered by the primary. */
function observeReplica({ replica }: Database, metrics: Metrics, log: Log): ReplicaObserver {
  if (replica?.finding.level === 'warning') {
    log.warn(
      { part: 'replica', err: new Error(`It ${replica.finding.text}`) },
      'the replica is not used yet',
    );
  }
  return {
    onRead: metrics.replicaRead,
    onHealth(reason) {
      if (reason) log.warn({ part: 'replica', err: reason.error }, 'the replica is not used for a while');
      else log.info({ part: 'replica' }, 'the replica is used again');
    },
  };
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

/** The metrics' own port first: the service is not seen to listen before everything does. */
async function listenTogether(
  server: Server,
  config: Config,
  startMetrics: () => Promise<MetricsServer> | undefined,
): Promise<MetricsServer | undefined> {
  const metricsServer = await startMetrics();
  try {
    await listen(server, config);
    return metricsServer;
  } catch (error) {
    await metricsServer?.stop();
    throw error;
  }
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

/** What a registry is told of the service. */
function instanceOf(server: Server, customers: CustomerStore): Instance {
  const { port } = server.address() as AddressInfo;
  const scheme = server instanceof HttpsServer ? 'https' : 'http';
  return { port, scheme, checkReady: () => customers.checkReady() };
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  const scheme = server instanceof HttpsServer ? 'https' : 'http';
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
