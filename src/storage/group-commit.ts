import { unavailable } from '../domain/failures.ts';

/** What became of one piece of work in a batch: each keeps its own outcome. */
export type Settled<Result> = { readonly result: Result } | { readonly error: unknown };

export interface GroupCommitOptions {
  /** How many pieces of work may share a transaction. */
  readonly batchMax: number;
  /** How many may wait; one more is refused at once. */
  readonly queueMax: number;
}

interface Waiting<Work, Result> {
  readonly work: Work;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One writer, one queue: whatever waits when a transaction ends goes into the next one together, so that
 * one fsync serves many writes and no two transactions of this process ever contend. A lone write does not
 * wait for company. Nobody is answered before COMMIT.
 * @param commit does a batch in one transaction. Rejects when none of it was stored.
 * @param alone whether this work must have a transaction of its own.
 */
export function createGroupCommit<Work, Result>(
  commit: (batch: readonly Work[]) => Promise<readonly Settled<Result>[]>,
  alone: (work: Work) => boolean,
  { batchMax, queueMax }: GroupCommitOptions,
): { submit(work: Work): Promise<Result>; idle(): Promise<void> } {
  let queue: Waiting<Work, Result>[] = [];
  let running: Promise<void> | undefined;

  async function drain(): Promise<void> {
    while (queue.length > 0) await settle(takeBatch());
    running = undefined;
  }

  function takeBatch(): Waiting<Work, Result>[] {
    const firstAlone = queue.findIndex(({ work }) => alone(work));
    const together = firstAlone === -1 ? queue.length : Math.max(firstAlone, 1);
    const batch = queue.slice(0, Math.min(together, batchMax));
    queue = queue.slice(batch.length);
    return batch;
  }

  async function settle(batch: readonly Waiting<Work, Result>[]): Promise<void> {
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
  }

  return {
    submit(work) {
      if (queue.length >= queueMax) {
        return Promise.reject(unavailable(`${queueMax} writes are waiting, which is as many as may.`));
      }
      return new Promise((resolve, reject) => {
        queue.push({ work, resolve, reject });
        running ??= Promise.resolve().then(drain);
      });
    },
    async idle() {
      await running;
    },
  };
}
