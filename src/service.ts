import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { keyTrustMs as defaultKeyTrustMs } from './authentication/api-key-cache.ts';
import { openAuthenticator, type StoppableAuthenticator } from './authentication/authenticator.ts';
import type { Config } from './config/config.ts';
import type { Clock, IdSource } from './domain/clock.ts';
import type { CustomerStore } from './domain/customer-store.ts';
import { createApp } from './http/app.ts';
import { bulkHandlers } from './http/routes/bulk.ts';
import { changeHandlers } from './http/routes/changes.ts';
import {
  customerHandlers,
  erasureHandlers,
  externalIdHandlers,
  historyHandlers,
} from './http/routes/customers.ts';
import { checkAddress, createHttpServer, listenWithMetrics, portOf, schemeOf, urlOf } from './http/server.ts';
import { trackConnections } from './http/shutdown.ts';
import { createStreamHub } from './http/sse/hub.ts';
import { type Certificate, readCertificate, watchCertificate } from './http/tls.ts';
import { watchEventLoop } from './runtime/event-loop-delay.ts';
import { createLifecycle } from './runtime/lifecycle.ts';
import { newUuid } from './runtime/uuid.ts';
import type { Database } from './storage/engine/backend.ts';
import { traceDatabase } from './storage/engine/tracing.ts';
import type { Migration } from './storage/migrations/migration.ts';
import { migrations } from './storage/migrations/migrator.ts';
import { openToServe } from './storage/open.ts';
import { createStorage, type Storage } from './storage/storage.ts';
import { startSweeper } from './storage/sweeper.ts';
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
  /** The URL of the metrics if they have a port of their own. */
  readonly metricsUrl: string | undefined;
  readonly log: Log;
  /** Reloads the certificate's files; undefined for plain HTTP. */
  readonly reloadCertificate: (() => void) | undefined;
  /** Finishes running requests, then closes connections and database. Can be called repeatedly. */
  stop(options?: StopOptions): Promise<void>;
}

export interface StopOptions {
  /**
   * How long to keep serving while readiness already fails, so that load balancers notice. In the second half each
   * response closes its connection.
   */
  readonly delayMs?: number;
}

/** Replacements for the clock, ids and intervals, for tests. */
export interface ServiceOptions {
  readonly clock?: Clock;
  readonly ids?: IdSource;
  /** The pause between sweeps of expired data. */
  readonly sweepIntervalMs?: number;
  /** The interval of Consul heartbeats. */
  readonly consulIntervalMs?: number;
  /** How long cached API keys stay valid while the database cannot be read. */
  readonly keyTrustMs?: number;
  /** The known migrations, to stand for another release. */
  readonly steps?: readonly Migration[];
  /** The version that traces report. */
  readonly version?: string;
}

/** Time limit for finishing requests during shutdown, including the delay. */
const drainTimeoutMs = 8000;
/** At least this long after the delay. */
const drainTimeoutMinMs = 5000;

/**
 * Composition root: builds the service and starts it.
 * @throws StorageError, or the server's error such as EADDRINUSE, after closing everything.
 */
export async function startService(config: Config, options: ServiceOptions = {}): Promise<Service> {
  const {
    clock = Date.now,
    ids = newUuid,
    sweepIntervalMs = 60_000,
    consulIntervalMs = 5000,
    keyTrustMs = defaultKeyTrustMs,
    steps = migrations,
    version = '',
  } = options;
  const log = await createLog(config.logLevel);
  // Before the database is opened, so that a start that fails creates no file.
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
  const storage = await openStorage(config, traced, metrics, log, options);
  const { customers, feed } = storage;
  const credentials = await openAuthentication(config, storage, log, options);
  const streams = createStreamHub(feed);
  const eventLoop = watchEventLoop();
  const load = { store: storage.queueStats, eventLoop };
  metrics.observeLoad(load);
  metrics.observeStorage(storage.figures);
  metrics.observeFeed({
    streams: () => streams.count,
    toldPosition: () => streams.position,
    head: async () => (await feed.bounds()).head,
  });
  const observers = { ids, log, metrics, tracing };
  const app = await createApp({
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
  const connections = trackConnections(server);
  const metricsServer = await listenWithMetrics(server, config, config.metricsAddress, metrics).catch(
    async (error: unknown) => {
      eventLoop.stop();
      await credentials?.stop();
      throw error;
    },
  );
  const renewal =
    config.tls && server instanceof HttpsServer ? await watchCertificate(server, config.tls, log) : undefined;
  const sweeper = startSweeper(storage.sweep, { log, intervalMs: sweepIntervalMs });
  const intervalMs = options.consulIntervalMs;
  const registration =
    config.consul && startRegistration(config.consul, instanceOf(server, customers), { log, intervalMs });

  let stopped: Promise<void> | undefined;
  async function stop({ delayMs = 0 }: StopOptions = {}): Promise<void> {
    lifecycle.beginStop();
    // First, while requests are still served, so that no new ones are routed here.
    await registration?.stop();
    await pause(delayMs / 2);
    lifecycle.beginClosing();
    streams.stop();
    await pause(delayMs / 2);
    renewal?.stop();
    await connections.drain(Math.max(drainTimeoutMs - delayMs, drainTimeoutMinMs));
    eventLoop.stop();
    await credentials?.stop();
    await Promise.all([sweeper.stop(), storage.idle()]);
    await Promise.all([database.close(), tracing?.stop()]);
    // Last, so that the shutdown can be observed.
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

/** Loads OpenTelemetry only if traces are configured, because it costs start-up time and memory. */
async function startTracing(...parameters: Parameters<typeof createTracing>): Promise<Tracing> {
  const opentelemetry = await import('./telemetry/opentelemetry.ts');
  return opentelemetry.createTracing(...parameters);
}

function openStorage(
  { retention }: Config,
  database: Database,
  metrics: Metrics,
  log: Log,
  options: Required<ServiceOptions>,
): Promise<Storage> {
  const finding = database.replica?.check;
  const replicaFault = finding?.level === 'warning' ? finding.text : undefined;
  const replicaObserver = observeReplica(replicaFault, metrics, log);
  return createStorage(database, { ...options, retention, replicaObserver, groupObserver: metrics.groups });
}

function allHandlers(
  { requireIfMatch }: Config,
  { customers, erasures, histories, feed }: Storage,
  streams: ReturnType<typeof createStreamHub>,
) {
  return {
    ...customerHandlers({ customers, requireIfMatch }),
    ...externalIdHandlers({ customers }),
    ...erasureHandlers({ erasures, requireIfMatch }),
    ...historyHandlers({ histories }),
    ...changeHandlers({ feed, hub: streams }),
    ...bulkHandlers({ customers }),
  };
}

/** Undefined if authentication is off. */
async function openAuthentication(
  { authentication }: Config,
  { apiKeys }: Storage,
  log: Log,
  { clock, keyTrustMs }: Required<ServiceOptions>,
): Promise<StoppableAuthenticator | undefined> {
  if (authentication === 'off') return undefined;
  const onHealth = observeCredentials(log);
  return openAuthenticator(authentication, { keys: apiKeys, clock, keyTrustMs, onHealth });
}

/** The instance as Consul registers it. */
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
