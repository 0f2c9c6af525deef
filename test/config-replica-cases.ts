/** What DATABASE_REPLICA_URL may be and may not be, for `config.test.ts`. */
import { type InvalidCase, password, type ValidCase } from './config-authentication-cases.ts';

const url = 'postgres://db/c';

export const validReplicas: readonly ValidCase[] = [
  [
    { DATABASE_URL: url, DATABASE_REPLICA_URL: 'postgres://replica/c' },
    { database: { engine: 'postgres', url, poolSize: 8, replicaUrl: 'postgres://replica/c' } },
  ],
];

export const invalidReplicas: readonly InvalidCase[] = [
  [{ DATABASE_REPLICA_URL: url }, 'DATABASE_URL', /SQLite has no replicas/],
  [{ DATABASE_URL: url, DATABASE_REPLICA_URL: 'sqlite:c.db' }, 'DATABASE_REPLICA_URL', /postgres:/],
  [
    { DATABASE_URL: url, DATABASE_REPLICA_URL: `postgres://u:${password}@db/c` },
    'DATABASE_REPLICA_URL',
    /%XX/,
  ],
];
