import type { QueueLoad } from '../../domain/customer-store.ts';
import { unavailable } from '../../domain/failures.ts';
import type { GroupObserver } from '../../telemetry/storage-metrics.ts';

/** What became of one piece of work in a batch: each keeps its own outcome. */
export type Settled<Result> = { readonly result: Result } | { readonly error: unknown };

export interface GroupCommitOptions<Work> {
  /** How many pieces of work may share a transaction. */
  readonly batchMax: number;
  /** Which work is one of very many of one caller, such as a line of an import; none when absent. */
  readonly isBulk?: (work: Work) => boolean;
  /** When somebody last asked for something that is not in this queue, by `performance.now()`. */
  readonly othersCameAt?: () => number;
  /** How many may wait; one more is refused at once. */
  readonly queueMax: number;
  readonly observer?: GroupObserver | undefined;
}

export interface GroupCommit<Work, Result> {
  /** Resolves with the work's own outcome, after COMMIT. */
  submit(work: Work): Promise<Result>;
  /** Runs a task when its turn comes, with no batch under way: for a transaction that is unlike the others. */
  takeTurn<Outcome>(task: () => Promise<Outcome>): Promise<Outcome>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  readonly load: QueueLoad;
}

/** A task of its own in the queue. It tells its outcome itself, and does not reject. */
interface Turn {
  readonly since: number;
  readonly run: () => Promise<void>;
}

/**
 * How much bulk work goes into a transaction while others are served, or were a moment ago: those who write wait for it,
 * and those who read for the event loop. By itself it takes all that may share one, for it costs the less the more do.
 * On a busy machine the median of a GET beside an import was 4.6 to 4.9 ms with 256, and 1.8 with 32.
 */
const bulkBesideOthersMax = 32;
const momentMs = 250;

interface Waiting<Work, Result> {
  readonly since: number;
  readonly work: Work;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One writer, one queue: whatever waits when a transaction ends goes into the next one together, so that
 * one fsync serves many writes and no two transactions of this process ever contend. A lone write does not
 * wait for company. Bulk work goes along, and nothing waits behind it in the queue. Nobody is answered before COMMIT.
 * @param commit does a batch in one transaction. Rejects when none of it was stored.
 * @param alone whether this work must have a transaction of its own.
 */
export function createGroupCommit<Work, Result>(
  commit: (batch: readonly Work[]) => Promise<readonly Settled<Result>[]>,
  alone: (work: Work) => boolean,
  {
    batchMax,
    isBulk = () => false,
    othersCameAt = () => Number.NEGATIVE_INFINITY,
    queueMax,
    observer,
  }: GroupCommitOptions<Work>,
): GroupCommit<Work, Result> {
  let queue: (Waiting<Work, Result> | Turn)[] = [];
  let bulk: Waiting<Work, Result>[] = [];
  let queuedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  /** When the batch under way began, and how long a batch takes of late: the newest counts half. */
  let begunAt = 0;
  let batchMs = 0;

  async function drain(): Promise<void> {
    while (queue.length + bulk.length > 0) {
      const [first] = queue;
      if (first && 'run' in first) {
        queue = queue.slice(1);
        await first.run();
      } else await settle(takeBatch());
    }
    running = undefined;
  }

  /** The first of the queue, if there is one, is a work. */
  function takeBatch(): Waiting<Work, Result>[] {
    const batch = together(queue, batchMax);
    queue = queue.slice(batch.length);
    const [first] = batch;
    if (first && alone(first.work)) return batch;
    const othersAreServed = performance.now() - Math.max(queuedAt, othersCameAt()) < momentMs;
    const along = together(bulk, othersAreServed ? bulkBesideOthersMax : batchMax, batch.length > 0);
    bulk = bulk.slice(along.length);
    return [...batch, ...along];
  }

  /** Those at the beginning that can share a transaction, which may have some already. */
  function together(
    waiting: readonly (Waiting<Work, Result> | Turn)[],
    max: number,
    hasSome = false,
  ): Waiting<Work, Result>[] {
    const taken: Waiting<Work, Result>[] = [];
    for (const each of waiting) {
      if (taken.length >= max || 'run' in each) break;
      const isAlone = alone(each.work);
      if (isAlone && (hasSome || taken.length > 0)) break;
      taken.push(each);
      if (isAlone) break;
    }
    return taken;
  }

  function enqueue(waiting: Waiting<Work, Result> | Turn): void {
    if (!('run' in waiting) && isBulk(waiting.work)) bulk.push(waiting);
    else {
      queue.push(waiting);
      queuedAt = waiting.since;
    }
    running ??= Promise.resolve().then(drain);
  }

  async function settle(batch: readonly Waiting<Work, Result>[]): Promise<void> {
    begunAt = performance.now();
    try {
      const settled = await commit(batch.map(({ work }) => work));
      batch.forEach(({ resolve, reject }, index) => {
        const outcome = settled[index];
        if (outcome && 'result' in outcome) resolve(outcome.result);
        else reject(outcome?.error ?? new Error('A batch returned fewer outcomes than it was given.'));
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    const tookMs = performance.now() - begunAt;
    batchMs += (tookMs - batchMs) / 2;
    observer?.groupEnded(batch.length, begunAt - (batch[0]?.since ?? begunAt), tookMs);
  }

  /** What is left of the batch under way, and the full ones before the next. Nobody waits where none is under way. */
  function expectedWaitMs(now: number): number {
    if (!running) return 0;
    const rest = Math.max(0, batchMs - (now - begunAt));
    return rest + Math.floor(queue.length / batchMax) * batchMs;
  }

  const load: QueueLoad = {
    get waiting() {
      return queue.length + bulk.length;
    },
    get waitMs() {
      const now = performance.now();
      return Math.max(now - (queue[0]?.since ?? now), expectedWaitMs(now));
    },
  };

  return {
    load,
    submit(work) {
      if (load.waiting >= queueMax) {
        return Promise.reject(unavailable(`${queueMax} writes are waiting, which is as many as may.`));
      }
      return new Promise((resolve, reject) => {
        enqueue({ since: performance.now(), work, resolve, reject });
      });
    },
    takeTurn(task) {
      if (load.waiting >= queueMax) return Promise.reject(unavailable('Too many writes are waiting.'));
      return new Promise((resolve, reject) => {
        enqueue({ since: performance.now(), run: () => task().then(resolve, reject) });
      });
    },
    async idle() {
      await running;
    },
  };
}
