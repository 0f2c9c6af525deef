/** How many reads may share one query. */
const readsPerQueryMax = 128;

/** How many such queries run at once. What arrives meanwhile waits for the next one, and shares it. */
const queriesMax = 2;

/** Sharing is for queries that take a millisecond: nobody waits longer than this for those that do not end. */
const patienceMs = 25;

/**
 * Lets reads that arrive together share a query: those of one turn of the event loop, and those that arrive while
 * others are running. A read is always answered by a query that begins after it arrived.
 * @param query answers all of them, and does not reject.
 */
export function coalesceReads<Read>(query: (reads: readonly Read[]) => Promise<void>): (read: Read) => void {
  let waiting: Read[] = [];
  let running = 0;
  let begunAt = 0;
  let isTimed = false;

  function begin(): void {
    while (waiting.length > 0 && mayBegin()) {
      const reads = waiting.slice(0, readsPerQueryMax);
      waiting = waiting.slice(readsPerQueryMax);
      running += 1;
      begunAt = performance.now();
      void query(reads).finally(() => {
        running -= 1;
        begin();
      });
    }
    if (waiting.length === 0 || isTimed) return;
    isTimed = true;
    setTimeout(beginAnyway, patienceMs);
  }

  function mayBegin(): boolean {
    return running < queriesMax || performance.now() - begunAt >= patienceMs;
  }

  function beginAnyway(): void {
    isTimed = false;
    begin();
  }

  return (read) => {
    if (waiting.length === 0) setImmediate(begin);
    waiting.push(read);
  };
}

interface Waiting<Read, Result> {
  readonly read: Read;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets equal reads that arrive together share one query, as point reads do. Each is answered by a query that begins
 * after it arrived, and nothing is kept. Many people look at the same first page.
 * @param query answers reads that have the same key.
 */
export function shareEqualReads<Read, Result>(
  query: (reads: readonly Read[]) => Promise<Result>,
): (key: string, read: Read) => Promise<Result> {
  /** Only for as long as one of its reads is under way: there are never more than requests. */
  const shares = new Map<string, { underWay: number; submit(waiting: Waiting<Read, Result>): void }>();

  async function answer(together: readonly Waiting<Read, Result>[]): Promise<void> {
    try {
      const result = await query(together.map(({ read }) => read));
      for (const { resolve } of together) resolve(result);
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }

  return async (key, read) => {
    const share = shares.get(key) ?? { underWay: 0, submit: coalesceReads(answer) };
    shares.set(key, share);
    share.underWay += 1;
    try {
      return await new Promise<Result>((resolve, reject) => share.submit({ read, resolve, reject }));
    } finally {
      share.underWay -= 1;
      if (share.underWay === 0) shares.delete(key);
    }
  };
}
