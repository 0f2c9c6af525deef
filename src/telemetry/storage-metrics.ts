import { Gauge, Histogram, type Registry } from 'prom-client';

/** What a database tells of itself when its figures are scraped. */
export interface StorageFigures {
  readonly readers: PoolFigures;
  readonly writer: PoolFigures;
  /** The size of the write-ahead log of an embedded database. */
  readonly walBytes: (() => Promise<number>) | undefined;
}

/** Connections to the database. */
export interface PoolFigures {
  readonly connectionsMax: number;
  inUse(): number;
  /** Who waits for one. */
  waiting(): number;
}

/** Watches the transactions of the one writer. */
export interface GroupObserver {
  /**
   * A group of writes has ended, stored or not.
   * @param waitedMs how long the first of them had waited, which is the longest.
   */
  groupEnded(size: number, waitedMs: number, tookMs: number): void;
}

const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const sizeBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Three observations for a whole group: a single write costs nothing. */
export function createGroupMetrics(registry: Registry): GroupObserver {
  const registers = [registry];
  const sizes = new Histogram({
    name: 'write_group_size',
    help: 'Writes that shared a transaction.',
    buckets: sizeBuckets,
    registers,
  });
  const waits = new Histogram({
    name: 'write_queue_wait_seconds',
    help: 'How long the first write of each transaction had waited for it.',
    buckets: secondsBuckets,
    registers,
  });
  const durations = new Histogram({
    name: 'write_group_duration_seconds',
    help: 'From the beginning of a transaction of writes to the end of its COMMIT.',
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

/** Figures that are taken when they are scraped, and cost nothing in between. */
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
  poolGauge(
    'database_connections_max',
    'Connections to the database, at most.',
    (pool) => pool.connectionsMax,
  );
  poolGauge('database_connections_in_use', 'Connections that work now.', (pool) => pool.inUse());
  poolGauge('database_connection_waiters', 'Who waits for a connection.', (pool) => pool.waiting());
  if (!walBytes) return;
  gauge('sqlite_wal_bytes', 'The size of the write-ahead log.', walBytes);
}
