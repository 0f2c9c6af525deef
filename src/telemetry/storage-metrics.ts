import { Gauge, Histogram, type Registry } from 'prom-client';

/** Sources of the database's gauges. */
export interface StorageFigures {
  readonly readers: PoolFigures;
  readonly writer: PoolFigures;
  /** The size of SQLite's write-ahead log; undefined on PostgreSQL. */
  readonly walBytes: (() => Promise<number>) | undefined;
}

/** Sources of a connection pool's gauges. */
export interface PoolFigures {
  readonly connectionsMax: number;
  inUse(): number;
  /** The number of requests for a connection that are waiting. */
  waiting(): number;
}

/** Observes the transactions of the writer. */
export interface GroupObserver {
  /**
   * Called when a group of writes has been committed or rolled back.
   * @param waitedMs how long the first write of the group had waited.
   */
  groupEnded(size: number, waitedMs: number, tookMs: number): void;
}

const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const sizeBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Creates the histograms of group commits. */
export function createGroupMetrics(registry: Registry): GroupObserver {
  const registers = [registry];
  const sizes = new Histogram({
    name: 'write_group_size',
    help: 'Writes in one transaction.',
    buckets: sizeBuckets,
    registers,
  });
  const waits = new Histogram({
    name: 'write_queue_wait_seconds',
    help: 'Wait of the first write of each transaction.',
    buckets: secondsBuckets,
    registers,
  });
  const durations = new Histogram({
    name: 'write_group_duration_seconds',
    help: 'Duration of a write transaction, from BEGIN to the end of COMMIT.',
    buckets: secondsBuckets,
    registers,
  });
  return {
    groupEnded(size, waitedMs, tookMs) {
      sizes.observe(size);
      waits.observe(waitedMs / 1000);
      durations.observe(tookMs / 1000);
    },
  };
}

/** Adds the database's gauges, read at each scrape. */
export function observeStorage(registry: Registry, figures: StorageFigures): void {
  const { readers, writer, walBytes } = figures;
  const pools = Object.entries({ readers, writer });
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await value());
      },
    });
  const poolGauge = (name: string, help: string, value: (pool: PoolFigures) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['pool'],
      registers,
      collect() {
        for (const [pool, each] of pools) this.set({ pool }, value(each));
      },
    });
  poolGauge('database_connections_max', 'Most connections to the database.', (pool) => pool.connectionsMax);
  poolGauge('database_connections_in_use', 'Connections in use.', (pool) => pool.inUse());
  poolGauge('database_connection_waiters', 'Requests waiting for a connection.', (pool) => pool.waiting());
  if (!walBytes) return;
  gauge('sqlite_wal_bytes', 'Size of the write-ahead log.', walBytes);
}
