import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { type Config, ConfigurationError, loadConfig } from '../../src/config/config.ts';
import { settings } from '../../src/config/settings.ts';
import { invalidAuthentication, password, validAuthentication } from './authentication-cases.ts';
import { invalidLimits, validLimits, wrongLimits } from './limit-cases.ts';
import { invalidTracing, validTracing, wrongTracing } from './tracing-cases.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const defaults: Config = {
  host: '127.0.0.1',
  port: 8080,
  database: { engine: 'sqlite', file: resolve('data/customers.db'), temporary: false },
  logLevel: 'info',
  authentication: 'off',
  loopback: true,
  rateLimitPerMinute: 0,
  failedLoginsPerMinute: 300,
  trustedProxies: [],
  requireIfMatch: false,
  corsOrigins: [],
  requestTimeoutMs: 10_000,
  shutdownDelayMs: 0,
  retention: { changesDays: undefined, deletedDays: undefined },
  keepAliveTimeoutMs: 75_000,
  metricsAddress: undefined,
  consul: undefined,
  tracing: undefined,
  connectionsMax: 15_000,
  requestsMax: 1000,
  streamsMax: 2000,
  tls: undefined,
};

const postgresUrl = 'postgres://customers:secret@db.internal:5432/customers';
const postgres = { engine: 'postgres', url: postgresUrl, poolSize: 8 } as const;
const sqlite = (file: string) => ({ engine: 'sqlite', file, temporary: false }) as const;

const onAnyAddress = (host: string): readonly [Environment, Partial<Config>] => [
  { HOST: host, AUTH: 'off' },
  { host, loopback: false, shutdownDelayMs: 3000 },
];
const valid: readonly (readonly [Environment, Partial<Config>])[] = [
  [{ HOST: 'localhost' }, { host: 'localhost' }],
  [{ HOST: '::1' }, { host: '::1' }],
  [{ HOST: '127.8.9.10' }, { host: '127.8.9.10' }],
  [{ HOST: ' 127.0.0.1 ' }, {}],
  [{ HOST: '' }, {}],
  ...['0.0.0.0', '::', 'customers.internal'].map((host) => onAnyAddress(host)),
  [{ PORT: '0' }, { port: 0 }],
  [{ PORT: '65535' }, { port: 65_535 }],
  [{ PORT: '' }, {}],
  [{ DATABASE_URL: 'sqlite:customers.db' }, { database: sqlite(resolve('customers.db')) }],
  [{ DATABASE_URL: 'sqlite:/var/lib/c.db' }, { database: sqlite('/var/lib/c.db') }],
  [{ DATABASE_URL: 'sqlite:///var/lib/c.db' }, { database: sqlite('/var/lib/c.db') }],
  [{ DATABASE_URL: 'sqlite:with space é.db' }, { database: sqlite(resolve('with space é.db')) }],
  [{ DATABASE_URL: 'sqlite::memory:' }, { database: { engine: 'sqlite', file: '', temporary: true } }],
  [{ DATABASE_URL: postgresUrl }, { database: postgres }],
  [{ DATABASE_URL: 'postgresql://db/c' }, { database: { ...postgres, url: 'postgresql://db/c' } }],
  [{ DATABASE_URL: postgresUrl, DATABASE_POOL_SIZE: '1' }, { database: { ...postgres, poolSize: 1 } }],
  [{ DATABASE_URL: postgresUrl, DATABASE_POOL_SIZE: '100' }, { database: { ...postgres, poolSize: 100 } }],
  [{ LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
  [{ LOG_LEVEL: 'trace' }, { logLevel: 'trace' }],
  [{ AUTH: 'off' }, {}],
  ...validAuthentication,
  [{ REQUIRE_IF_MATCH: 'true' }, { requireIfMatch: true }],
  [{ REQUIRE_IF_MATCH: 'false' }, {}],
  [{ CORS_ORIGINS: '*' }, { corsOrigins: ['*'] }],
  [{ CORS_ORIGINS: ' , ' }, {}],
  [
    { CORS_ORIGINS: 'https://a.example, http://localhost:3000' },
    { corsOrigins: ['https://a.example', 'http://localhost:3000'] },
  ],
  [{ REQUEST_TIMEOUT_MS: '100' }, { requestTimeoutMs: 100 }],
  [{ REQUEST_TIMEOUT_MS: '600000' }, { requestTimeoutMs: 600_000 }],
  ...validLimits,
  ...validTracing,
  [{ UNRELATED: 'anything', host: '0.0.0.0' }, {}],
];

/** An invalid environment, the setting that the error names, and the error's text. */
const invalid: readonly (readonly [Environment, string, RegExp])[] = [
  [{ HOST: 'a b' }, 'HOST', /"a b"/],
  [{ HOST: 'http://localhost' }, 'HOST', /"http:\/\/localhost"/],
  [{ HOST: '0.0.0.0' }, 'AUTH', /HOST=0\.0\.0\.0 lets other machines in/],
  [{ HOST: '::' }, 'AUTH', /HOST=:: lets/],
  [{ HOST: '127.0.0.1.example.com' }, 'AUTH', /must be set/],
  [{ HOST: '10.0.0.1', AUTH: '' }, 'AUTH', /must be set/],
  [{ PORT: '65536' }, 'PORT', /from 0 to 65535, not "65536"/],
  [{ PORT: '-1' }, 'PORT', /"-1"/],
  [{ PORT: '80.5' }, 'PORT', /"80.5"/],
  [{ PORT: '0x50' }, 'PORT', /"0x50"/],
  [{ PORT: '1e3' }, 'PORT', /"1e3"/],
  [{ PORT: 'http' }, 'PORT', /"http"/],
  [{ PORT: '8080 8081' }, 'PORT', /"8080 8081"/],
  [{ DATABASE_URL: 'sqlite:' }, 'DATABASE_URL', /must name a file/],
  [{ DATABASE_URL: 'sqlite:/var/lib/' }, 'DATABASE_URL', /must name a file/],
  [{ DATABASE_URL: 'mysql://db/c' }, 'DATABASE_URL', /sqlite: or postgres:\/\//],
  [{ DATABASE_URL: 'postgres:db' }, 'DATABASE_URL', /sqlite: or postgres:\/\//],
  [{ DATABASE_URL: `postgres://u:${password}@db/c` }, 'DATABASE_URL', /%XX/],
  [{ DATABASE_URL: 'postgres://u:p,q@one:1,two:2/c' }, 'DATABASE_URL', /several hosts/],
  [{ DATABASE_URL: `oracle://u:${password}@db/c` }, 'DATABASE_URL', /must begin/],
  [{ DATABASE_URL: postgresUrl, DATABASE_POOL_SIZE: '0' }, 'DATABASE_POOL_SIZE', /1 to 100/],
  [{ DATABASE_URL: postgresUrl, DATABASE_POOL_SIZE: '101' }, 'DATABASE_POOL_SIZE', /"101"/],
  [{ LOG_LEVEL: 'INFO' }, 'LOG_LEVEL', /trace, debug, info, warn, error, fatal, silent, not "INFO"/],
  ...invalidAuthentication,
  [{ REQUIRE_IF_MATCH: 'yes' }, 'REQUIRE_IF_MATCH', /true, false, not "yes"/],
  [{ CORS_ORIGINS: 'app.example.com' }, 'CORS_ORIGINS', /"app.example.com"/],
  [{ CORS_ORIGINS: 'https://a.example/' }, 'CORS_ORIGINS', /"https:\/\/a.example\/"/],
  [{ CORS_ORIGINS: 'https://a.example,null' }, 'CORS_ORIGINS', /"null"/],
  [{ REQUEST_TIMEOUT_MS: '99' }, 'REQUEST_TIMEOUT_MS', /100 to 600000/],
  [{ REQUEST_TIMEOUT_MS: '600001' }, 'REQUEST_TIMEOUT_MS', /"600001"/],
  ...invalidLimits,
  ...invalidTracing,
];

describe('configuration', () => {
  test('needs no setting', () => {
    assert.deepEqual(loadConfig({}), defaults);
  });

  test('accepts every valid value', (context) => {
    for (const [environment, expected] of valid) {
      assert.deepEqual(loadConfig(environment), { ...defaults, ...expected }, JSON.stringify(environment));
    }
    context.diagnostic(`${valid.length} valid environments tried`);
  });

  test("rejects every invalid value with the setting's name, the rule and a valid example", (context) => {
    for (const [environment, name, reason] of invalid) {
      const faults = faultsOf(environment);
      assert.equal(faults.length, 1, `${JSON.stringify(environment)}: ${faults.join('; ')}`);
      const [fault = ''] = faults;
      assert.match(fault, reason);
      const [, named = '', , example = ''] = /^(\w+) (.+); for example \1=(\S+)$/.exec(fault) ?? [];
      assert.equal(named, name, fault);
      assert.doesNotThrow(() => loadConfig({ ...environment, [name]: example }), fault);
    }
    context.diagnostic(`${invalid.length} invalid environments tried`);
  });

  test('reports all errors at once', () => {
    const all = {
      HOST: 'a/b',
      PORT: 'x',
      DATABASE_URL: 'nonsense',
      DATABASE_POOL_SIZE: 'many',
      DATABASE_REPLICA_URL: 'sqlite:copy.db',
      LOG_LEVEL: 'loud',
      AUTH: 'maybe',
      JWT_ALGORITHMS: 'HS256',
      JWT_TYPES: 'any',
      JWT_LEEWAY_SECONDS: '61',
      RATE_LIMIT_PER_MINUTE: '-1',
      FAILED_LOGINS_PER_MINUTE: 'few',
      TRUST_PROXY: '*',
      REQUIRE_IF_MATCH: '1',
      CORS_ORIGINS: 'here',
      REQUEST_TIMEOUT_MS: 'soon',
      ...wrongLimits,
      ...wrongTracing,
    };
    const ofTokens = { JWT_ISSUER: '', JWT_AUDIENCE: '', JWT_KEYS: 'http://login.example.com/keys' };
    assert.deepEqual(
      Object.keys({ ...all, ...ofTokens }).sort(),
      settings.map(({ name }) => name).sort(),
      'a setting is not tried',
    );
    const named = faultsOf(all).map((fault) => fault.split(' ')[0] ?? '');
    assert.deepEqual(named.sort(), Object.keys(all).sort());
    const { AUTH: _, ...others } = all;
    const withTokens = faultsOf({ ...others, ...ofTokens, AUTH: 'keys,jwt' });
    assert.deepEqual(
      withTokens.map((fault) => fault.split(' ')[0] ?? '').sort(),
      Object.keys({ ...others, ...ofTokens }).sort(),
    );
  });

  test('lists the errors in its message, one line each', () => {
    const error = refusalOf({ PORT: 'x', LOG_LEVEL: 'loud' });
    assert.equal(error.message.split('\n').length, 1 + error.faults.length);
    for (const fault of error.faults) assert.ok(error.message.includes(fault));
  });

  test('never quotes a password', () => {
    const urls = [
      `postgres://u:${password}@db/c`,
      `postgres://u:${password}@db:port/c`,
      `postgress://u:${password}@db/c`,
      ` POSTGRES://u:${password}@db/c`,
      `u:${password}@db`,
    ];
    for (const url of urls) {
      const { message, stack } = refusalOf({ DATABASE_URL: url, PORT: 'x' });
      for (const text of [message, stack ?? '']) assert.ok(!text.includes('hunter2'), text);
    }
  });

  test('shortens a long value', () => {
    const [fault = ''] = faultsOf({ LOG_LEVEL: 'x'.repeat(10_000) });
    assert.ok(fault.length < 300, fault);
  });

  test('is immutable', () => {
    const config = loadConfig({
      DATABASE_URL: postgresUrl,
      CORS_ORIGINS: 'https://a.example',
      AUTH: 'keys',
      TLS_CERT_FILE: 'tls.crt',
      TLS_KEY_FILE: 'tls.key',
    });
    for (const part of [config, config.database, config.corsOrigins, config.authentication, config.tls])
      assert.ok(Object.isFrozen(part), String(part));
  });

  test('reads only the environment passed to it', () => {
    process.env.PORT = '1';
    assert.equal(loadConfig({}).port, 8080);
    delete process.env.PORT;
  });

  test('documents every setting with a valid default and example', () => {
    const pair = { DATABASE_URL: postgresUrl, TLS_CERT_FILE: 'tls.crt', TLS_KEY_FILE: 'tls.key' };
    for (const { name, description, example, fallback } of settings) {
      assert.match(name, /^[A-Z][A-Z_]*$/);
      assert.match(description, /[.)]$/, name);
      assert.doesNotThrow(() => loadConfig({ AUTH: 'off', ...pair, [name]: example }), name);
      assert.deepEqual(loadConfig({ [name]: fallback }), defaults, `${name}=${fallback}`);
    }
  });
});

function refusalOf(environment: Environment): ConfigurationError {
  try {
    loadConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error;
  }
  assert.fail(`taken: ${JSON.stringify(environment)}`);
}

function faultsOf(environment: Environment): readonly string[] {
  return refusalOf(environment).faults;
}
