import type { QueueStats } from '../../domain/customer-store.ts';
import { unavailable } from '../../domain/failures.ts';
import type { GroupObserver } from '../../telemetry/storage-metrics.ts';

/** The outcome of one piece of work in a batch. */
export type Settled<Result> = { readonly result: Result } | { readonly error: unknown };

/**
 * Executes a batch in one transaction and returns the outcomes in the same order. Rejects when the whole batch
 * failed.
 */
export type CommitBatch<Work, Result> = (batch: readonly Work[]) => Promise<readonly Settled<Result>[]>;

export interface GroupCommitOptions<Work> {
  /** The most work to put into one transaction. */
  readonly batchMax: number;
  /** The most work to queue; more is refused. */
  readonly queueMax: number;
  /** Whether the work needs a transaction of its own. */
  readonly isExclusive?: (work: Work) => boolean;
  /** Whether the work is bulk, such as a line of an import, and yields to other work. */
  readonly isBulk?: (work: Work) => boolean;
  /** When the last request outside this queue arrived, by `performance.now()`. */
  readonly lastOtherRequestAt?: () => number;
  readonly observer?: GroupObserver | undefined;
}

interface QueuedWork<Work, Result> {
  readonly since: number;
  readonly work: Work;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** A task that runs between batches. It reports its own outcome and never rejects. */
interface QueuedTask {
  readonly since: number;
  readonly run: () => Promise<void>;
}

/**
 * Bulk work per transaction while other requests are served: it delays their writes, and their reads through the
 * event loop.
 */
const bulkWhileBusyMax = 32;
/** How long after the last other request the service counts as busy. */
const busyMs = 250;

/**
 * Group commit: one writer, one queue. All work that is waiting when a transaction ends goes into the next one, so
 * that one fsync serves many writes and transactions of this process never contend. Work resolves after COMMIT.
 * See ADR 0005.
 */
export class GroupCommit<Work, Result> implements QueueStats {
  readonly #commit: CommitBatch<Work, Result>;
  readonly #options: Required<Omit<GroupCommitOptions<Work>, 'observer'>>;
  readonly #observer: GroupObserver | undefined;
  #queue: (QueuedWork<Work, Result> | QueuedTask)[] = [];
  #bulk: QueuedWork<Work, Result>[] = [];
  #running: Promise<void> | undefined;
  #lastQueuedAt = Number.NEGATIVE_INFINITY;
  #batchStartedAt = 0;
  /** Moving average of the duration of a batch; the newest counts half. */
  #batchMs = 0;

  constructor(
    commit: CommitBatch<Work, Result>,
    {
      batchMax,
      queueMax,
      isExclusive = () => false,
      isBulk = () => false,
      lastOtherRequestAt = () => Number.NEGATIVE_INFINITY,
      observer,
    }: GroupCommitOptions<Work>,
  ) {
    this.#commit = commit;
    this.#options = { batchMax, queueMax, isExclusive, isBulk, lastOtherRequestAt };
    this.#observer = observer;
  }

  /** Queues work for the next batch and resolves with its result after COMMIT. */
  submit(work: Work): Promise<Result> {
    const { queueMax } = this.#options;
    if (this.waiting >= queueMax) {
      return Promise.reject(unavailable(`${queueMax} writes are waiting, which is the limit.`));
    }
    return new Promise((resolve, reject) => {
      this.#enqueue({ since: performance.now(), work, resolve, reject });
    });
  }

  /** Queues a task to run while no batch is under way. */
  runExclusive<Outcome>(task: () => Promise<Outcome>): Promise<Outcome> {
    if (this.waiting >= this.#options.queueMax) {
      return Promise.reject(unavailable('Too many writes are waiting.'));
    }
    return new Promise((resolve, reject) => {
      this.#enqueue({ since: performance.now(), run: () => task().then(resolve, reject) });
    });
  }

  /** Resolves when the queue is empty and no batch is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  get waiting(): number {
    return this.#queue.length + this.#bulk.length;
  }

  get waitMs(): number {
    const now = performance.now();
    return Math.max(now - (this.#queue[0]?.since ?? now), this.#expectedWaitMs(now));
  }

  /** The rest of the batch under way, plus the full batches ahead. */
  #expectedWaitMs(now: number): number {
    if (!this.#running) return 0;
    const rest = Math.max(0, this.#batchMs - (now - this.#batchStartedAt));
    return rest + Math.floor(this.#queue.length / this.#options.batchMax) * this.#batchMs;
  }

  #enqueue(item: QueuedWork<Work, Result> | QueuedTask): void {
    if (!('run' in item) && this.#options.isBulk(item.work)) this.#bulk.push(item);
    else {
      this.#queue.push(item);
      this.#lastQueuedAt = item.since;
    }
    this.#running ??= Promise.resolve().then(() => this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#queue.length + this.#bulk.length > 0) {
      const [first] = this.#queue;
      if (first && 'run' in first) {
        this.#queue = this.#queue.slice(1);
        await first.run();
      } else await this.#runBatch(this.#takeBatch());
    }
    this.#running = undefined;
  }

  /** Takes work from the head of the queue, which is not a task, and adds bulk work to it. */
  #takeBatch(): QueuedWork<Work, Result>[] {
    const { batchMax, isExclusive, lastOtherRequestAt } = this.#options;
    const batch = this.#compatibleHead(this.#queue, batchMax);
    this.#queue = this.#queue.slice(batch.length);
    const [first] = batch;
    if (first && isExclusive(first.work)) return batch;
    const isBusy = performance.now() - Math.max(this.#lastQueuedAt, lastOtherRequestAt()) < busyMs;
    const bulk = this.#compatibleHead(this.#bulk, isBusy ? bulkWhileBusyMax : batchMax, batch.length > 0);
    this.#bulk = this.#bulk.slice(bulk.length);
    return [...batch, ...bulk];
  }

  /** Returns the longest head of a queue that can share one transaction. */
  #compatibleHead(
    queue: readonly (QueuedWork<Work, Result> | QueuedTask)[],
    max: number,
    isShared = false,
  ): QueuedWork<Work, Result>[] {
    const head: QueuedWork<Work, Result>[] = [];
    for (const item of queue) {
      if (head.length >= max || 'run' in item) break;
      const isExclusive = this.#options.isExclusive(item.work);
      if (isExclusive && (isShared || head.length > 0)) break;
      head.push(item);
      if (isExclusive) break;
    }
    return head;
  }

  async #runBatch(batch: readonly QueuedWork<Work, Result>[]): Promise<void> {
    const startedAt = performance.now();
    this.#batchStartedAt = startedAt;
    try {
      const outcomes = await this.#commit(batch.map(({ work }) => work));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome && 'result' in outcome) resolve(outcome.result);
        else reject(outcome?.error ?? new Error('The batch returned too few outcomes.'));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    const tookMs = performance.now() - startedAt;
    this.#batchMs += (tookMs - this.#batchMs) / 2;
    this.#observer?.groupEnded(batch.length, startedAt - (batch[0]?.since ?? startedAt), tookMs);
  }
}
