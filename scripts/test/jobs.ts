import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Tier } from './tier.ts';

/** Test files that one process runs, one after the other. */
export interface Job {
  readonly files: readonly string[];
}

/** Only the tiers `full` and `soak` run these, unless a filter names them. */
const slowSuffix = '.slow.test.ts';

const filesPerJobMax = 12;

/** Their tests start processes, measure memory or time, or load the machine: each file has a process of its own. */
const separateFolders = [
  'cli',
  'concurrency',
  'demo',
  'deploy',
  'docs',
  'docs-page',
  'durability',
  'hostile',
  'linearizability',
  'performance',
  'telemetry',
];
const separateFiles = ['conformance.test.ts', 'idle-connections.test.ts', 'slow-clients.test.ts'];

/**
 * Node 20 runs zero tests, and passes, when it is given a folder or a glob, so the files are listed here.
 * Starting a process takes about a second, so files share one where they can.
 */
export async function listJobs(folder: string, tier: Tier, filters: readonly string[]): Promise<Job[]> {
  const entries = await readdir(join(folder, 'test'), { recursive: true });
  const files = entries
    .filter((entry) => entry.endsWith('.test.ts'))
    .map((entry) => `test/${entry.split(sep).join('/')}`)
    .filter((file) => (filters.length > 0 ? filters.some((part) => file.includes(part)) : true))
    .filter((file) => filters.length > 0 || tier !== 'quick' || !file.endsWith(slowSuffix))
    .sort();
  const separate = files.filter(isSeparate).map((file) => ({ files: [file] }));
  const shared = files.filter((file) => !isSeparate(file));
  // The long ones first, so that no process is left with one of them at the end.
  return [...separate, ...chunksOf(shared, filesPerJobMax)];
}

function isSeparate(file: string): boolean {
  const [, folder = ''] = file.split('/');
  return (
    file.endsWith(slowSuffix) ||
    separateFolders.includes(folder) ||
    separateFiles.some((name) => file.endsWith(`/${name}`))
  );
}

function chunksOf(files: readonly string[], size: number): Job[] {
  const count = Math.ceil(files.length / size);
  return Array.from({ length: count }, (_, index) => ({
    files: files.slice(index * size, (index + 1) * size),
  }));
}
