import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { type Credentials, openCredentials } from './authentication/credentials.ts';
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
import { listenTogether } from './http/listen-together.ts';
import { checkAddress, portOf, schemeOf, urlOf } from './http/listening.ts';
import { watchConnections } from './http/open-connections.ts';
import { createHttpServer } from './http/server.ts';
import { type Certificate, readCertificate } from './http/tls-certificate.ts';
import { type Instance, startRegistration } from './operations/discovery.ts';
import { watchEventLoop } from './operations/event-loop-delay.ts';
import { startHousekeeping } from './operations/housekeeping.ts';
import { createLifecycle } from './operations/lifecycle.ts';
import { closeLog, createLog, type Log } from './operations/log.ts';
import { createMetrics, type Metrics } from './operations/metrics.ts';
import { newId } from './operations/new-id.ts';
import { observeCredentials, observeReplica, observeSpans } from './operations/part-health.ts';
import { startTracing } from './operations/start-tracing.ts';
import { type Database, openToServe } from './storage/database.ts';
import type { Migration } from './storage/migration.ts';
import { migrations } from './storage/migrator.ts';
import { createStorage, type Storage } from './storage/storage.ts';
import { traceDatabase } from './storage/traced-engine.ts';

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
  /** How often a Consul agent is told how the service is. */
  readonly consulIntervalMs?: number;
  /** How long API keys are trusted that cannot be looked at. */
  readonly keyTrustMs?: number;
  /** The steps of the schema that the program knows: those of another release. */
  readonly steps?: readonly Migration[];
  /** What traces say that runs here. */
  readonly version?: string;
}

/** How long requests under way may go on while the service stops, what it has waited before included. */
const drainTimeoutMs = 8000;
/** The least of it, however long it has waited. */
const drainLeastMs = 5000;

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
    version = '',
  } = options;
  const log = await createLog(config.logLevel);
  // Before the database: a start that must fail makes none.
  await checkAddress(config);
  const certificate = config.tls && readCertificate(config.tls);
  const database = await openToServe(config.database, config.requestTimeoutMs, steps);
  try {
    const all = { clock, ids, sweepIntervalMs, consulIntervalMs, keyTrustMs, steps, version };
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
  const lifecycle = createLifecycle();
  const metrics = createMetrics();
  const instance = { version: options.version, id: ids() };
  const tracing =
    config.tracing && (await startTracing(config.tracing, instance, observeSpans(metrics, log)));
  const traced = tracing ? traceDatabase(database, tracing) : database;
  const storage = await joinStorage(config, traced, metrics, log, options);
  const { customers, feed } = storage;
  const credentials = await openAuthentication(config, storage, log, options);
  const streams = createFeedStreams(feed);
  const eventLoop = watchEventLoop();
  const load = { store: storage.load, eventLoop };
  metrics.observeLoad(load);
  metrics.observeStorage(storage.figures);
  metrics.observeFeed({
    streams: () => streams.count,
    toldPosition: () => streams.position,
    head: async () => (await feed.extent()).head,
  });
  const observers = { ids, log, metrics, tracing };
  const app = await createApplication({
    ...config,
    ...observers,
    authenticator: credentials,
    handlers: allHandlers(config, storage, streams),
    customers,
    lifecycle,
    load,
  });
  const { keepAliveTimeoutMs, connectionsMax } = config;
  const server = createHttpServer(app, observers, { keepAliveTimeoutMs, connectionsMax, certificate });
  const connections = watchConnections(server);
  const metricsServer = await listenTogether(server, config, config.metricsAddress, metrics).catch(
    async (error: unknown) => {
      eventLoop.stop();
      await credentials?.stop();
      throw error;
    },
  );
  const renewal =
    config.tls && server instanceof HttpsServer ? await renewCertificate(server, config.tls, log) : undefined;
  const housekeeping = startHousekeeping(storage.sweep, { log, intervalMs: sweepIntervalMs });
  const intervalMs = options.consulIntervalMs;
  const registration =
    config.consul && startRegistration(config.consul, instanceOf(server, customers), { log, intervalMs });

  let stopped: Promise<void> | undefined;
  async function stop({ delayMs = 0 }: StopOptions = {}): Promise<void> {
    lifecycle.beginStop();
    // First, while requests are still taken: nobody is to be sent here any more.
    await registration?.stop();
    await pause(delayMs / 2);
    lifecycle.beginClosing();
    streams.stop();
    await pause(delayMs / 2);
    renewal?.stop();
    await connections.drain(Math.max(drainTimeoutMs - delayMs, drainLeastMs));
    eventLoop.stop();
    await credentials?.stop();
    await Promise.all([housekeeping.stop(), storage.idle()]);
    await Promise.all([database.close(), tracing?.stop()]);
    // Last, so that what the stop does can be seen.
    await metricsServer?.stop();
    await closeLog(log);
  }
  return {
    url: urlOf(server),
    metricsUrl: metricsServer?.url,
    log,
    reloadCertificate: renewal && (() => renewal.reload()),
    stop(stopOptions) {
      stopped ??= stop(stopOptions);
      return stopped;
    },
  };
}

function joinStorage(
  { retention }: Config,
  database: Database,
  metrics: Metrics,
  log: Log,
  options: Required<ServiceOptions>,
): Promise<Storage> {
  const finding = database.replica?.finding;
  const replicaFault = finding?.level === 'warning' ? finding.text : undefined;
  const replicaObserver = observeReplica(replicaFault, metrics, log);
  return createStorage(database, { ...options, retention, replicaObserver, groups: metrics.groups });
}

function allHandlers(
  { requireIfMatch }: Config,
  { customers, erasures, histories, feed }: Storage,
  streams: ReturnType<typeof createFeedStreams>,
) {
  return {
    ...customerHandlers({ customers, requireIfMatch }),
    ...externalIdHandlers({ customers }),
    ...erasureHandlers({ erasures, requireIfMatch }),
    ...historyHandlers({ histories }),
    ...changeHandlers({ feed, streams }),
    ...transferHandlers({ customers }),
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
  const onHealth = observeCredentials(log);
  return openCredentials(authentication, { keys: apiKeys, clock, keyTrustMs, onHealth });
}

/** What a registry is told of the service. */
function instanceOf(server: Server, customers: CustomerStore): Instance {
  return {
    port: portOf(server),
    scheme: schemeOf(server),
    async checkReady() {
      const [fault] = await customers.checkReady();
      if (fault) throw new Error(`${fault.check}: ${fault.detail}`);
    },
  };
}
