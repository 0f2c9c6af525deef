/**
 * Loaded into the service's process by `memory.slow.test.ts`: on SIGUSR2 it collects garbage and appends the
 * heap's size in MB to the given file.
 */
import { appendFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  for (let time = 0; time < 3; time++) globalThis.gc?.();
  appendFileSync(String(process.env.HEAP_PROBE_FILE), `${process.memoryUsage().heapUsed / 1024 / 1024}\n`);
});
