/** Reads that share one query, at most. */
const readsPerQueryMax = 128;

/** Queries of one batcher that run at once. Reads that arrive meanwhile share the next query. */
const queriesMax = 2;

/** After this long without a new query one more starts, so that a slow query does not hold up other reads. */
const maxDelayMs = 25;

/**
 * Creates a function that batches reads: those of one turn of the event loop, and those that arrive while queries are
 * running, share a query. A read is always answered by a query that starts after the read arrived.
 * @param query answers a batch. Must not reject.
 */
export function createBatcher<Read>(query: (reads: readonly Read[]) => Promise<void>): (read: Read) => void {
  let waiting: Read[] = [];
  let running = 0;
  let lastStartedAt = 0;
  let timerIsSet = false;

  function start(): void {
    while (waiting.length > 0 && mayStart()) {
      const batch = waiting.slice(0, readsPerQueryMax);
      waiting = waiting.slice(readsPerQueryMax);
      running += 1;
      lastStartedAt = performance.now();
      void query(batch).finally(() => {
        running -= 1;
        start();
      });
    }
    if (waiting.length === 0 || timerIsSet) return;
    timerIsSet = true;
    setTimeout(startLate, maxDelayMs);
  }

  function mayStart(): boolean {
    return running < queriesMax || performance.now() - lastStartedAt >= maxDelayMs;
  }

  function startLate(): void {
    timerIsSet = false;
    start();
  }

  return (read) => {
    if (waiting.length === 0) setImmediate(start);
    waiting.push(read);
  };
}

interface PendingRead<Read, Result> {
  readonly read: Read;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Creates a function that runs one query for equal reads that arrive together. Like a batcher, it answers each read
 * by a query that starts after the read arrived; results are not cached.
 * @param query answers reads that have the same key.
 */
export function createSingleFlight<Read, Result>(
  query: (reads: readonly Read[]) => Promise<Result>,
): (key: string, read: Read) => Promise<Result> {
  /** One batcher for each key that has reads pending. */
  const flights = new Map<string, { pending: number; submit(read: PendingRead<Read, Result>): void }>();

  async function answer(batch: readonly PendingRead<Read, Result>[]): Promise<void> {
    try {
      const result = await query(batch.map(({ read }) => read));
      for (const { resolve } of batch) resolve(result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return async (key, read) => {
    const flight = flights.get(key) ?? { pending: 0, submit: createBatcher(answer) };
    flights.set(key, flight);
    flight.pending += 1;
    try {
      return await new Promise<Result>((resolve, reject) => flight.submit({ read, resolve, reject }));
    } finally {
      flight.pending -= 1;
      if (flight.pending === 0) flights.delete(key);
    }
  };
}
