import { readFileSync } from 'node:fs';

const lookIntervalMs = 4;
/** What was not used is lost after so long. */
const savedMsMax = 20;

/**
 * Limits the share of a core that each process gets, as the CPU limit of a container does: a process that has used its
 * share is stopped until the next period.
 * @returns a function that removes the limit.
 */
export function limitCpu(pids: readonly number[], share: number): () => void {
  const endings = pids.map((pid) => limitOne(pid, share));
  return () => {
    for (const end of endings) end();
  };
}

function limitOne(pid: number, share: number): () => void {
  let savedMs = 0;
  let usedMs = mainThreadMs(pid);
  let lookedAt = performance.now();
  let isStopped = false;
  const timer = setInterval(() => {
    const [now, used] = [performance.now(), mainThreadMs(pid)];
    savedMs = Math.min(savedMs + (now - lookedAt) * share - (used - usedMs), savedMsMax * share);
    [lookedAt, usedMs] = [now, used];
    if (isStopped === savedMs < 0) return;
    isStopped = !isStopped;
    process.kill(pid, isStopped ? 'SIGSTOP' : 'SIGCONT');
  }, lookIntervalMs);
  return () => {
    clearInterval(timer);
    process.kill(pid, 'SIGCONT');
  };
}

/** CPU time of the main thread, which the kernel counts in nanoseconds. */
function mainThreadMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}
