import { coalesceReads } from './read-coalescing.ts';

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
