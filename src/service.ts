import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { keyTrustMs as defaultKeyTrustMs } from './authentication/api-key-cache.ts';
import { type Credentials, openCredentials } from './authentication/authenticator.ts';
import type { Config } from './config/config.ts';
import type { Clock, IdSource } from './domain/clock.ts';
import type { CustomerStore } from './domain/customer-store.ts';
import { createApplication } from './http/app.ts';
import { transferHandlers } from './http/routes/bulk.ts';
import { changeHandlers } from './http/routes/changes.ts';
import {
  customerHandlers,
  erasureHandlers,
  externalIdHandlers,
  historyHandlers,
} from './http/routes/customers.ts';
import { checkAddress, createHttpServer, listenTogether, portOf, schemeOf, urlOf } from './http/server.ts';
import { watchConnections } from './http/shutdown.ts';
import { createFeedStreams } from './http/sse/hub.ts';
import { type Certificate, readCertificate, renewCertificate } from './http/tls.ts';
import { watchEventLoop } from './runtime/event-loop-delay.ts';
import { createLifecycle } from './runtime/lifecycle.ts';
import { newId } from './runtime/uuid.ts';
import { traceDatabase } from './storage/engine/tracing.ts';
import type { Migration } from './storage/migrations/migration.ts';
import { migrations } from './storage/migrations/migrator.ts';
import { type Database, openToServe } from './storage/open.ts';
import { createStorage, type Storage } from './storage/storage.ts';
import { startHousekeeping } from './storage/sweeper.ts';
import { type Instance, startRegistration } from './telemetry/consul.ts';
import { observeCredentials, observeReplica, observeSpans } from './telemetry/health-observers.ts';
import { closeLog, createLog, type Log } from './telemetry/log.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import type { createTracing } from './telemetry/opentelemetry.ts';
import type { Tracing } from './telemetry/tracing.ts';

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

/** Loads OpenTelemetry only where traces are configured: it costs start-up time and memory. */
async function startTracing(...parameters: Parameters<typeof createTracing>): Promise<Tracing> {
  const opentelemetry = await import('./telemetry/opentelemetry.ts');
  return opentelemetry.createTracing(...parameters);
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
