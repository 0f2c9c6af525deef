import type { ChildProcess } from 'node:child_process';

const running = new Set<ChildProcess>();
const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ends a child together with this process. The runner ends slow test files with SIGTERM. */
export function endWithThisProcess(child: ChildProcess): void {
  if (running.size === 0) {
    process.on('exit', killRunning);
    for (const signal of endSignals) process.on(signal, endBySignal);
  }
  running.add(child);
  child.once('close', () => {
    running.delete(child);
    if (running.size === 0) stopListening();
  });
}

function killRunning(): void {
  for (const child of running) child.kill('SIGKILL');
}

function endBySignal(signal: NodeJS.Signals): void {
  killRunning();
  stopListening();
  process.kill(process.pid, signal);
}

function stopListening(): void {
  process.off('exit', killRunning);
  for (const signal of endSignals) process.off(signal, endBySignal);
}
