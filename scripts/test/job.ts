/** Runs test files in this process: `job.ts <file>...`. node:test starts their tests once all are loaded. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repliesChecked } from '../../test/support/contract-check.ts';

for (const file of process.argv.slice(2)) await import(pathToFileURL(resolve(file)).href);

process.on('exit', () => {
  if (repliesChecked() > 0) process.stdout.write(`ℹ ${repliesChecked()} replies keep to the contract\n`);
});
