/**
 * The work's own outcome, or what `onLate` answers or throws where that is not there in time. The work goes on all the
 * same: whoever calls this sees to it that nobody is hurt by that. Of one promise and one timer, for every request has
 * some of these: a race of promises took 1% of a GET.
 */
export function within<Result>(
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
