import { readFileSync } from 'node:fs';
import {
  type AuthenticationConfig,
  algorithms,
  credentialKinds,
  keySetUrl,
  lowerCased,
  needed,
  type TokenConfig,
  tokenTypes,
} from './authentication.ts';
import { type ConsulConfig, consulAgent, consulToken, serviceName } from './consul.ts';
import {
  type DatabaseConfig,
  databaseAt,
  fileBeside,
  hostName,
  integerBetween,
  isLoopback,
  oneOf,
  optional,
  origins,
  replicaAt,
  someOf,
  type TrustedProxies,
  trustedProxies,
} from './parsers.ts';
import { logLevels, type Setting, type SettingName, settings } from './settings.ts';
import { otlpEndpoint, samplers, type TracingConfig, zeroToOne } from './tracing.ts';

/** The validated, frozen configuration. Nothing else in the service reads the environment. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly database: DatabaseConfig;
  readonly logLevel: LogLevel;
  readonly authentication: AuthenticationConfig;
  /** Whether the service listens on a loopback address. */
  readonly loopback: boolean;
  readonly rateLimitPerMinute: number;
  readonly failedLoginsPerMinute: number;
  readonly trustedProxies: TrustedProxies;
  readonly requireIfMatch: boolean;
  /** Origins allowed to call from browsers: none, a list, or `*`. */
  readonly corsOrigins: readonly string[];
  readonly requestTimeoutMs: number;
  /** How long the service keeps serving after SIGTERM, so that load balancers notice. */
  readonly shutdownDelayMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Undefined unless the metrics have a port of their own. */
  readonly metricsAddress: { readonly host: string; readonly port: number } | undefined;
  /** Undefined unless the service registers in Consul. */
  readonly consul: ConsulConfig | undefined;
  /** Undefined unless traces are recorded. */
  readonly tracing: TracingConfig | undefined;
  readonly connectionsMax: number;
  readonly requestsMax: number;
  readonly streamsMax: number;
  /** Undefined for plain HTTP. */
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  readonly retention: RetentionConfig;
}

/** The files of a TLS certificate and its key. */
export type TlsFiles = NonNullable<Config['tls']>;

/** How many days changes and deleted customers are kept; undefined means forever. */
export interface RetentionConfig {
  /** Entries of the history and the change feed. */
  readonly changesDays: number | undefined;
  /** Deleted customers, which are then erased. */
  readonly deletedDays: number | undefined;
}

/** The least severe level that is logged. */
export type LogLevel = (typeof logLevels)[number];

/** Lists every invalid setting, with what is wrong and an example. */
export class ConfigurationError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`Wrong settings:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/** Kubernetes commonly needs this long to stop sending requests to a terminating pod. */
const shutdownDelayMs = 3000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and parses one setting. */
type Read = <T>(name: SettingName, parse: (text: string) => T) => T;

/**
 * Reads the configuration from environment variables.
 * @throws ConfigurationError listing every invalid setting.
 */
export function loadConfig(environment: Environment): Config {
  const faults: string[] = [];

  /** Records an error and continues with the setting's example, so that all errors are found at once. */
  function read<T>(name: SettingName, parse: (text: string) => T): T {
    const setting = settings.find((candidate) => candidate.name === name) as Setting;
    try {
      return parse(given(setting, environment) || setting.fallback);
    } catch (fault) {
      faults.push(`${name} ${(fault as Error).message}; for example ${name}=${setting.example}`);
      return parse(setting.example);
    }
  }

  const config = readAll(read, environment);
  if (faults.length > 0) throw new ConfigurationError([...new Set(faults)]);
  return deepFreeze(config);
}

function readAll(read: Read, environment: Environment): Config {
  const host = read('HOST', hostName);
  return {
    host,
    port: read('PORT', integerBetween(0, 65535)),
    database: readDatabase(read),
    logLevel: read('LOG_LEVEL', oneOf(logLevels)),
    authentication: readAuthentication(host, read),
    loopback: isLoopback(host),
    rateLimitPerMinute: read('RATE_LIMIT_PER_MINUTE', integerBetween(0, 10_000_000)),
    failedLoginsPerMinute: read('FAILED_LOGINS_PER_MINUTE', integerBetween(0, 10_000_000)),
    trustedProxies: read('TRUST_PROXY', trustedProxies),
    requireIfMatch: read('REQUIRE_IF_MATCH', oneOf(['true', 'false'])) === 'true',
    corsOrigins: read('CORS_ORIGINS', origins),
    requestTimeoutMs: read('REQUEST_TIMEOUT_MS', integerBetween(100, 600_000)),
    shutdownDelayMs:
      read('SHUTDOWN_DELAY_MS', optional(integerBetween(0, 300_000))) ??
      (isLoopback(host) ? 0 : shutdownDelayMs),
    keepAliveTimeoutMs: read('KEEP_ALIVE_TIMEOUT_MS', integerBetween(1000, 3_600_000)),
    metricsAddress: readMetricsAddress(read),
    consul: readConsul(host, read),
    tracing: readTracing(read),
    connectionsMax: read('CONNECTIONS_MAX', integerBetween(1, 1_000_000)),
    requestsMax: read('REQUESTS_MAX', integerBetween(1, 100_000)),
    streamsMax: read('STREAMS_MAX', integerBetween(1, 100_000)),
    tls: readTls(read, environment),
    retention: {
      // At least 2 days, because idempotent replays read the change for 24 hours.
      changesDays: read('RETENTION_CHANGES_DAYS', optional(integerBetween(2, 36_500))),
      deletedDays: read('RETENTION_DELETED_DAYS', optional(integerBetween(1, 36_500))),
    },
  };
}

function readDatabase(read: Read): DatabaseConfig {
  const poolSize = read('DATABASE_POOL_SIZE', integerBetween(1, 100));
  const replicaUrl = read('DATABASE_REPLICA_URL', replicaAt);
  return read('DATABASE_URL', (url) => databaseAt(url, poolSize, replicaUrl));
}

function readMetricsAddress(read: Read): Config['metricsAddress'] {
  const port = read('METRICS_PORT', optional(integerBetween(0, 65535)));
  const host = read('METRICS_HOST', hostName);
  return port === undefined ? undefined : { host, port };
}

function readConsul(host: string, read: Read): Config['consul'] {
  const agentUrl = read('CONSUL_HTTP_ADDR', consulAgent);
  const token = read('CONSUL_HTTP_TOKEN', consulToken);
  const name = read('CONSUL_SERVICE_NAME', serviceName);
  const isAny = host === '0.0.0.0' || host === '::';
  const address = read('CONSUL_SERVICE_ADDRESS', hostName) || (isAny ? '' : host);
  return agentUrl === '' ? undefined : { agentUrl, token, serviceName: name, address };
}

/** Undefined unless a collector is set: other programs of the machine may use the same variables. */
function readTracing(read: Read): Config['tracing'] {
  const endpoints = [
    read('OTEL_EXPORTER_OTLP_ENDPOINT', otlpEndpoint),
    read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', otlpEndpoint),
  ];
  const disabled = read('OTEL_SDK_DISABLED', oneOf(['true', 'false'])) === 'true';
  if (disabled || endpoints.every((endpoint) => endpoint === '')) return undefined;
  return {
    sampler: read('OTEL_TRACES_SAMPLER', oneOf(samplers)),
    ratio: read('OTEL_TRACES_SAMPLER_ARG', zeroToOne),
  };
}

function readTls(read: Read, environment: Environment): Config['tls'] {
  const isSet = (name: SettingName) => Boolean(environment[name]?.trim());
  const certificateFile = read('TLS_CERT_FILE', fileBeside('TLS_KEY_FILE', isSet));
  const keyFile = read('TLS_KEY_FILE', fileBeside('TLS_CERT_FILE', isSet));
  return certificateFile && keyFile ? { certificateFile, keyFile } : undefined;
}

function readAuthentication(host: string, read: Read): AuthenticationConfig {
  const kinds = read('AUTH', credentialKinds(host));
  const lists = {
    algorithms: read('JWT_ALGORITHMS', someOf(algorithms)),
    types: read('JWT_TYPES', lowerCased(someOf(tokenTypes))),
    leewaySeconds: read('JWT_LEEWAY_SECONDS', integerBetween(0, 60)),
  };
  if (kinds === 'off') return 'off';
  const tokens: TokenConfig | undefined = kinds.includes('jwt')
    ? {
        issuer: read('JWT_ISSUER', needed),
        audience: read('JWT_AUDIENCE', needed),
        keysUrl: read('JWT_KEYS', keySetUrl),
        ...lists,
      }
    : undefined;
  return { keys: kinds.includes('keys'), tokens };
}

/** The value of a setting. A secret may also be read from the file that NAME_FILE names; errors never quote it. */
function given({ name, secret }: Setting, environment: Environment): string {
  const value = environment[name]?.trim() ?? '';
  const file = (secret && environment[`${name}_FILE`]?.trim()) || '';
  if (file === '') return value;
  if (value !== '') throw new Error(`is set, and ${name}_FILE is too: unset one of them`);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`cannot be read from ${name}_FILE (${(error as NodeJS.ErrnoException).code})`);
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) if (typeof member === 'object') deepFreeze(member);
  return Object.freeze(value);
}
