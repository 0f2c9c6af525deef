import { resolve } from 'node:path';

/** All that can be set, checked and frozen. Nothing else reads the environment. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly database: DatabaseConfig;
  readonly logLevel: LogLevel;
  readonly authentication: 'off';
  readonly requireIfMatch: boolean;
  /** Origins that browsers may call from; empty for none, `*` for any. */
  readonly corsOrigins: readonly string[];
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly connectionsMax: number;
  readonly requestsMax: number;
  readonly streamsMax: number;
  /** Undefined where the service speaks plain HTTP. */
  readonly tls: { readonly certificateFile: string; readonly keyFile: string } | undefined;
}

export type TlsFiles = NonNullable<Config['tls']>;

export type DatabaseConfig =
  | { readonly engine: 'sqlite'; readonly file: string; readonly temporary: boolean }
  | { readonly engine: 'postgres'; readonly url: string; readonly poolSize: number };

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A setting as the operator sees it: in the README's table, in `customers --help` and in a fault. */
export interface Setting {
  readonly name: string;
  readonly description: string;
  readonly example: string;
  /** The value when it is not set; shown as it would be written. */
  readonly fallback: string;
}

export const settings = [
  {
    name: 'HOST',
    fallback: '127.0.0.1',
    example: 'localhost',
    description: 'Address to listen on. Any but a loopback address needs AUTH to be set.',
  },
  {
    name: 'PORT',
    fallback: '8080',
    example: '8080',
    description: 'Port to listen on, 0 to 65535; 0 takes a free one.',
  },
  {
    name: 'DATABASE_URL',
    fallback: 'sqlite:./data/customers.db',
    example: 'postgres://customers:secret@db.internal:5432/customers',
    description:
      'sqlite:FILE, sqlite::memory: (gone at exit) or postgres://USER:PASSWORD@HOST:PORT/DATABASE.',
  },
  {
    name: 'DATABASE_POOL_SIZE',
    fallback: '8',
    example: '8',
    description: 'Reading connections to PostgreSQL, 1 to 100, beside the one that writes.',
  },
  { name: 'LOG_LEVEL', fallback: 'info', example: 'warn', description: `One of ${logLevels.join(', ')}.` },
  {
    name: 'AUTH',
    fallback: '',
    example: 'off',
    description: 'off: anyone who reaches the port may read and write. The only choice so far.',
  },
  {
    name: 'REQUIRE_IF_MATCH',
    fallback: 'false',
    example: 'true',
    description: 'true: PUT, PATCH and DELETE without If-Match are refused (428).',
  },
  {
    name: 'CORS_ORIGINS',
    fallback: '',
    example: 'https://app.example.com',
    description: 'Origins that browsers may call from, comma-separated, or *. Empty: none.',
  },
  {
    name: 'REQUEST_TIMEOUT_MS',
    fallback: '10000',
    example: '10000',
    description: 'How long a request may take, 100 to 600000 milliseconds; then 503.',
  },
  {
    name: 'KEEP_ALIVE_TIMEOUT_MS',
    fallback: '75000',
    example: '360000',
    description: 'How long an idle connection is kept: longer than the load balancer before it keeps one.',
  },
  { name: 'CONNECTIONS_MAX', fallback: '15000', example: '2000', description: 'Open connections; then 503.' },
  { name: 'REQUESTS_MAX', fallback: '1000', example: '200', description: 'Requests at once; then 503.' },
  { name: 'STREAMS_MAX', fallback: '200', example: '50', description: 'Streamed replies at once; then 503.' },
  {
    name: 'TLS_CERT_FILE',
    fallback: '',
    example: '/run/tls/tls.crt',
    description:
      'Certificate in PEM, with its chain: speaks HTTPS. Read again when it changes, and on SIGHUP.',
  },
  {
    name: 'TLS_KEY_FILE',
    fallback: '',
    example: '/run/tls/tls.key',
    description: 'Private key of the certificate in PEM, without a passphrase.',
  },
] as const satisfies readonly Setting[];

type SettingName = (typeof settings)[number]['name'];

/** Every fault of the environment, each with the setting, what is wrong with it and an example. */
export class ConfigurationError extends Error {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`Wrong settings:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * Reads the settings.
 * @throws ConfigurationError naming all faults at once.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];

  /** Parses one setting. A fault is noted, and the setting's example stands in to find further faults. */
  function read<T>(name: SettingName, parse: (text: string) => T): T {
    const setting = settings.find((candidate) => candidate.name === name) as Setting;
    const given = environment[name]?.trim() || setting.fallback;
    try {
      return parse(given);
    } catch (fault) {
      faults.push(`${name} ${(fault as Error).message}; for example ${name}=${setting.example}`);
      return parse(setting.example);
    }
  }

  const host = read('HOST', text);
  const certificateFile = read('TLS_CERT_FILE', fileTogetherWith('TLS_KEY_FILE', environment));
  const keyFile = read('TLS_KEY_FILE', fileTogetherWith('TLS_CERT_FILE', environment));
  const config: Config = {
    host,
    port: read('PORT', integerBetween(0, 65535)),
    database: read('DATABASE_URL', (url) =>
      databaseAt(url, read('DATABASE_POOL_SIZE', integerBetween(1, 100))),
    ),
    logLevel: read('LOG_LEVEL', oneOf(logLevels)),
    authentication: read('AUTH', authenticationFor(host)),
    requireIfMatch: read('REQUIRE_IF_MATCH', oneOf(['true', 'false'])) === 'true',
    corsOrigins: read('CORS_ORIGINS', origins),
    requestTimeoutMs: read('REQUEST_TIMEOUT_MS', integerBetween(100, 600_000)),
    keepAliveTimeoutMs: read('KEEP_ALIVE_TIMEOUT_MS', integerBetween(1000, 3_600_000)),
    connectionsMax: read('CONNECTIONS_MAX', integerBetween(1, 1_000_000)),
    requestsMax: read('REQUESTS_MAX', integerBetween(1, 100_000)),
    streamsMax: read('STREAMS_MAX', integerBetween(1, 100_000)),
    tls: certificateFile && keyFile ? { certificateFile, keyFile } : undefined,
  };
  if (faults.length > 0) throw new ConfigurationError([...new Set(faults)]);
  Object.freeze(config.database);
  Object.freeze(config.corsOrigins);
  Object.freeze(config.tls);
  return Object.freeze(config);
}

/** Whether only this machine can reach the address. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function text(value: string): string {
  if (/\s|\//.test(value)) throw new Error(`must be a host name or an address, not ${quoted(value)}`);
  return value;
}

function integerBetween(least: number, most: number) {
  return (value: string): number => {
    const number = Number(value);
    if (!/^\d{1,9}$/.test(value) || number < least || number > most) {
      throw new Error(`must be a whole number from ${least} to ${most}, not ${quoted(value)}`);
    }
    return number;
  };
}

function oneOf<Choice extends string>(choices: readonly Choice[]) {
  return (value: string): Choice => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}, not ${quoted(value)}`);
    return choice;
  };
}

/** Without credentials only this machine may be let in, unless the operator says so by name. */
function authenticationFor(host: string) {
  return (value: string): 'off' => {
    if (value === 'off' || (value === '' && isLoopback(host))) return 'off';
    if (value !== '') throw new Error(`must be off, not ${quoted(value)}`);
    throw new Error(`must be set, because HOST=${host} lets other machines in`);
  };
}

/** A file that makes sense only when another setting names the other half. */
function fileTogetherWith(other: SettingName, environment: Readonly<Record<string, string | undefined>>) {
  return (value: string): string => {
    if (value.endsWith('/')) throw new Error(`must name a file, not ${quoted(value)}`);
    if (value === '' && environment[other]?.trim()) throw new Error(`must be set, because ${other} is`);
    return value && resolve(value);
  };
}

/** The value is never quoted: it may hold a password. */
function databaseAt(url: string, poolSize: number): DatabaseConfig {
  if (url === 'sqlite::memory:') return { engine: 'sqlite', file: '', temporary: true };
  if (url.startsWith('sqlite:')) {
    const file = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
    if (file === '' || file.endsWith('/') || file.startsWith('//')) {
      throw new Error('must name a file after sqlite:');
    }
    return { engine: 'sqlite', file: resolve(file), temporary: false };
  }
  if (!/^postgres(ql)?:\/\//.test(url)) throw new Error('must begin with sqlite: or postgres://');
  if (!URL.canParse(url)) throw new Error('is not a URL that can be read (encode special characters as %XX)');
  return { engine: 'postgres', url, poolSize };
}

function origins(value: string): readonly string[] {
  const list = value
    .split(',')
    .map((origin) => origin.trim())
    .filter(Boolean);
  const wrong = list.find(
    (origin) => origin !== '*' && (!URL.canParse(origin) || new URL(origin).origin !== origin),
  );
  if (wrong !== undefined) throw new Error(`must list origins such as scheme://host, not ${quoted(wrong)}`);
  return list;
}

function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
