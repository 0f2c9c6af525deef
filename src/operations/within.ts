/**
 * The work's own outcome, or what `onLate` answers or throws where that is not there in time. The work goes on all the
 * same: whoever calls this sees to it that nobody is hurt by that.
 */
export async function within<Result>(
  timeoutMs: number,
  work: Promise<Result>,
  onLate: () => Result,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  try {
    return await Promise.race([work, deadline.then(onLate)]);
  } finally {
    clearTimeout(timer);
  }
}
