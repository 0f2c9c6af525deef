/** What the settings of limits, retention, TLS and the replica may be and may not be, for `config.test.ts`. */
import { resolve } from 'node:path';
import { type InvalidCase, password, type ValidCase } from './config-authentication-cases.ts';

const url = 'postgres://db/c';

export const validLimits: readonly ValidCase[] = [
  [
    { DATABASE_URL: url, DATABASE_REPLICA_URL: 'postgres://replica/c' },
    { database: { engine: 'postgres', url, poolSize: 8, replicaUrl: 'postgres://replica/c' } },
  ],
  [{ RETENTION_CHANGES_DAYS: '2' }, { retention: { changesDays: 2, deletedDays: undefined } }],
  [{ RETENTION_DELETED_DAYS: '36500' }, { retention: { changesDays: undefined, deletedDays: 36_500 } }],
  [{ KEEP_ALIVE_TIMEOUT_MS: '1000' }, { keepAliveTimeoutMs: 1000 }],
  [{ CONNECTIONS_MAX: '1' }, { connectionsMax: 1 }],
  [{ REQUESTS_MAX: '100000' }, { requestsMax: 100_000 }],
  [{ STREAMS_MAX: '7' }, { streamsMax: 7 }],
  [
    { TLS_CERT_FILE: 'a.crt', TLS_KEY_FILE: '/b.key' },
    { tls: { certificateFile: resolve('a.crt'), keyFile: '/b.key' } },
  ],
  [{ TLS_CERT_FILE: ' ', TLS_KEY_FILE: '' }, {}],
];

export const invalidLimits: readonly InvalidCase[] = [
  [{ DATABASE_REPLICA_URL: url }, 'DATABASE_URL', /SQLite has no replicas/],
  [{ DATABASE_URL: url, DATABASE_REPLICA_URL: 'sqlite:c.db' }, 'DATABASE_REPLICA_URL', /postgres:/],
  [
    { DATABASE_URL: url, DATABASE_REPLICA_URL: `postgres://u:${password}@db/c` },
    'DATABASE_REPLICA_URL',
    /%XX/,
  ],
  [{ KEEP_ALIVE_TIMEOUT_MS: '999' }, 'KEEP_ALIVE_TIMEOUT_MS', /1000 to 3600000/],
  [{ CONNECTIONS_MAX: '0' }, 'CONNECTIONS_MAX', /"0"/],
  [{ REQUESTS_MAX: 'all' }, 'REQUESTS_MAX', /"all"/],
  [{ STREAMS_MAX: '100001' }, 'STREAMS_MAX', /1 to 100000/],
  [{ TLS_CERT_FILE: 'a.crt' }, 'TLS_KEY_FILE', /must be set, because TLS_CERT_FILE is/],
  [{ TLS_KEY_FILE: 'b.key' }, 'TLS_CERT_FILE', /must be set, because TLS_KEY_FILE is/],
  [{ TLS_CERT_FILE: 'tls/', TLS_KEY_FILE: 'b.key' }, 'TLS_CERT_FILE', /must name a file, not "tls\/"/],
];
