/**
 * The work's own outcome, or what `onLate` answers or throws where that is not there in time. The work goes on all the
 * same: whoever calls this sees to it that nobody is hurt by that.
 */
export function within<Result>(
  timeoutMs: number,
  work: Promise<Result>,
  onLate: () => Result,
): Promise<Result> {
  // By hand: every write passes here, and a race of promises is five of them.
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
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
