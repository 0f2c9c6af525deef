/** What is promised, as ratios between servers that are measured in the same run. */
import type { OperationName } from './operations.ts';

/** CPU time of a request: the peer's over the service's. */
export interface CpuTarget {
  readonly operation: OperationName;
  readonly peer: PeerName;
  readonly atLeast: number;
}

export const peers = {
  readme: 'the same packages wired as their READMEs show',
  minimal: 'Fastify + better-sqlite3 by hand, minimal',
  equal: 'Fastify + better-sqlite3 by hand, equal work',
  bare: 'node:http + better-sqlite3 with nothing',
  'fastify-pg': 'Fastify + pg, one prepared query a request',
} as const;

export type PeerName = keyof typeof peers;

/** On SQLite at synchronous=FULL. */
export const sqliteTargets: readonly CpuTarget[] = [
  { operation: 'get', peer: 'readme', atLeast: 6 },
  { operation: 'list', peer: 'readme', atLeast: 6 },
  { operation: 'first-page', peer: 'readme', atLeast: 6 },
  { operation: 'search', peer: 'readme', atLeast: 6 },
  { operation: 'post', peer: 'readme', atLeast: 3 },
  { operation: 'post-keyed', peer: 'readme', atLeast: 3 },
  { operation: 'patch', peer: 'readme', atLeast: 3 },
  { operation: 'get', peer: 'minimal', atLeast: 1 },
  { operation: 'list', peer: 'minimal', atLeast: 0.9 },
  { operation: 'first-page', peer: 'minimal', atLeast: 0.9 },
  { operation: 'post', peer: 'minimal', atLeast: 1.5 },
  { operation: 'post-keyed', peer: 'minimal', atLeast: 1.5 },
  { operation: 'patch', peer: 'minimal', atLeast: 1.5 },
  { operation: 'post', peer: 'equal', atLeast: 3 },
  { operation: 'post-keyed', peer: 'equal', atLeast: 3 },
  { operation: 'patch', peer: 'equal', atLeast: 3 },
  { operation: 'get', peer: 'bare', atLeast: 0.8 },
];

/** On PostgreSQL at synchronous_commit=on. */
export const postgresTargets: readonly CpuTarget[] = [
  { operation: 'get', peer: 'fastify-pg', atLeast: 2 },
  { operation: 'list', peer: 'fastify-pg', atLeast: 1.2 },
  { operation: 'first-page', peer: 'fastify-pg', atLeast: 1.2 },
  { operation: 'post', peer: 'fastify-pg', atLeast: 2 },
];
