/**
 * Loaded into the service's process by `memory.test.ts`: on SIGUSR2 it collects garbage and appends the bytes of the
 * heap that are left, in MB, to the file that it was told.
 */
import { appendFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  for (let time = 0; time < 3; time++) globalThis.gc?.();
  appendFileSync(String(process.env.HEAP_PROBE_FILE), `${process.memoryUsage().heapUsed / 1024 / 1024}\n`);
});
