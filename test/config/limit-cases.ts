/** Valid and invalid settings of limits, retention, TLS and the replica, for `config.test.ts`. */
import { resolve } from 'node:path';
import { type InvalidCase, password, type ValidCase } from './authentication-cases.ts';

const url = 'postgres://db/c';

export const validLimits: readonly ValidCase[] = [
  [
    { DATABASE_URL: url, DATABASE_REPLICA_URL: 'postgres://replica/c' },
    { database: { engine: 'postgres', url, poolSize: 8, replicaUrl: 'postgres://replica/c' } },
  ],
  [{ RETENTION_CHANGES_DAYS: '2' }, { retention: { changesDays: 2, deletedDays: undefined } }],
  [{ RETENTION_DELETED_DAYS: '36500' }, { retention: { changesDays: undefined, deletedDays: 36_500 } }],
  [{ KEEP_ALIVE_TIMEOUT_MS: '1000' }, { keepAliveTimeoutMs: 1000 }],
  [
    { CONSUL_HTTP_ADDR: 'consul.internal:8500', CONSUL_SERVICE_NAME: 'crm' },
    {
      consul: {
        agentUrl: 'http://consul.internal:8500',
        token: '',
        serviceName: 'crm',
        address: '127.0.0.1',
      },
    },
  ],
  [
    { HOST: '0.0.0.0', AUTH: 'off', CONSUL_HTTP_ADDR: 'https://consul:8501/', CONSUL_HTTP_TOKEN: 't' },
    {
      host: '0.0.0.0',
      loopback: false,
      shutdownDelayMs: 3000,
      consul: { agentUrl: 'https://consul:8501', token: 't', serviceName: 'customers', address: '' },
    },
  ],
  [{ METRICS_PORT: '0' }, { metricsAddress: { host: '127.0.0.1', port: 0 } }],
  [{ METRICS_PORT: '9464', METRICS_HOST: '::' }, { metricsAddress: { host: '::', port: 9464 } }],
  [{ METRICS_HOST: '::' }, {}],
  [{ SHUTDOWN_DELAY_MS: '15000' }, { shutdownDelayMs: 15_000 }],
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
  [{ CONSUL_HTTP_ADDR: 'unix:///run/consul.sock' }, 'CONSUL_HTTP_ADDR', /http or https URL/],
  [{ CONSUL_HTTP_ADDR: 'http://consul/ui' }, 'CONSUL_HTTP_ADDR', /without a path/],
  [{ CONSUL_HTTP_TOKEN: 'a b' }, 'CONSUL_HTTP_TOKEN', /visible ASCII/],
  [{ CONSUL_SERVICE_NAME: 'our_crm' }, 'CONSUL_SERVICE_NAME', /"our_crm"/],
  [{ METRICS_PORT: 'metrics' }, 'METRICS_PORT', /0 to 65535, not "metrics"/],
  [{ METRICS_PORT: '1', METRICS_HOST: 'a b' }, 'METRICS_HOST', /"a b"/],
  [{ SHUTDOWN_DELAY_MS: '-1' }, 'SHUTDOWN_DELAY_MS', /0 to 300000/],
  [{ CONNECTIONS_MAX: '0' }, 'CONNECTIONS_MAX', /"0"/],
  [{ REQUESTS_MAX: 'all' }, 'REQUESTS_MAX', /"all"/],
  [{ STREAMS_MAX: '100001' }, 'STREAMS_MAX', /1 to 100000/],
  [{ TLS_CERT_FILE: 'a.crt' }, 'TLS_KEY_FILE', /must be set, because TLS_CERT_FILE is/],
  [{ TLS_KEY_FILE: 'b.key' }, 'TLS_CERT_FILE', /must be set, because TLS_KEY_FILE is/],
  [{ TLS_CERT_FILE: 'tls/', TLS_KEY_FILE: 'b.key' }, 'TLS_CERT_FILE', /must name a file, not "tls\/"/],
];

/** An invalid value of each. */
export const wrongLimits = {
  SHUTDOWN_DELAY_MS: 'later',
  RETENTION_CHANGES_DAYS: '1',
  RETENTION_DELETED_DAYS: '0',
  KEEP_ALIVE_TIMEOUT_MS: 'long',
  CONSUL_HTTP_ADDR: 'http://consul/ui',
  CONSUL_HTTP_TOKEN: 'a b',
  CONSUL_SERVICE_NAME: '-',
  CONSUL_SERVICE_ADDRESS: 'a b',
  METRICS_PORT: '65536',
  METRICS_HOST: 'a/b',
  CONNECTIONS_MAX: 'any',
  REQUESTS_MAX: '-1',
  STREAMS_MAX: '0',
  TLS_CERT_FILE: 'folder/',
  TLS_KEY_FILE: 'folder/',
};
