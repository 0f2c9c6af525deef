/**
 * Settles like `work`, or with the result of `onLate` if the work takes longer than `timeoutMs`. Late work is not
 * cancelled. Cheaper than `Promise.race`, because every request uses it several times.
 */
export function withTimeout<Result>(
  timeoutMs: number,
  work: Promise<Result>,
  onLate: () => Result,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      try {
        resolve(onLate());
      } catch (error) {
        reject(error);
      }
    }, timeoutMs);
    work.then(
      (result) => {
        clearTimeout(timer);
        resolve(result);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
