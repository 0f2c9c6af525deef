/** Valid and invalid settings of credentials and limits, for `config.test.ts`. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Config } from '../../src/config/config.ts';

type Environment = Readonly<Record<string, string | undefined>>;
export type ValidCase = readonly [Environment, Partial<Config>];
/** An invalid environment, the setting that the error names, and the error's text. */
export type InvalidCase = readonly [Environment, string, RegExp];

/** Used wherever a password can be; must appear in no message. */
export const password = 'hunter2/#?';

const issuer = {
  JWT_ISSUER: 'https://login.example.com/',
  JWT_AUDIENCE: 'customers',
  JWT_KEYS: 'https://login.example.com/keys',
};
const tokens = {
  issuer: issuer.JWT_ISSUER,
  audience: issuer.JWT_AUDIENCE,
  keysUrl: issuer.JWT_KEYS,
  algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  types: ['at+jwt'],
  leewaySeconds: 10,
};

export const validAuthentication: readonly ValidCase[] = [
  [{ AUTH: 'keys' }, { authentication: { keys: true, tokens: undefined } }],
  [
    { AUTH: 'keys', HOST: '0.0.0.0' },
    {
      host: '0.0.0.0',
      loopback: false,
      shutdownDelayMs: 3000,
      authentication: { keys: true, tokens: undefined },
    },
  ],
  [{ AUTH: 'jwt', ...issuer }, { authentication: { keys: false, tokens } }],
  [{ AUTH: ' jwt , keys ', ...issuer }, { authentication: { keys: true, tokens } }],
  [
    { AUTH: 'jwt', ...issuer, JWT_KEYS: 'keys/set.json' },
    {
      authentication: {
        keys: false,
        tokens: { ...tokens, keysUrl: pathToFileURL(resolve('keys/set.json')).href },
      },
    },
  ],
  ...['http://127.0.0.1:8000/keys', 'http://[::1]/keys', 'http://localhost/keys', 'file:///etc/keys'].map(
    (keysUrl): [Environment, Partial<Config>] => [
      { AUTH: 'jwt', ...issuer, JWT_KEYS: keysUrl },
      { authentication: { keys: false, tokens: { ...tokens, keysUrl } } },
    ],
  ),
  [
    {
      AUTH: 'jwt',
      ...issuer,
      JWT_ALGORITHMS: 'ES256, ES256',
      JWT_TYPES: 'at+jwt,JWT',
      JWT_LEEWAY_SECONDS: '60',
    },
    {
      authentication: {
        keys: false,
        tokens: { ...tokens, algorithms: ['ES256'], types: ['at+jwt', 'jwt'], leewaySeconds: 60 },
      },
    },
  ],
  [{ JWT_ISSUER: 'x' }, {}],
  [{ RATE_LIMIT_PER_MINUTE: '6000' }, { rateLimitPerMinute: 6000 }],
  [{ FAILED_LOGINS_PER_MINUTE: '0' }, { failedLoginsPerMinute: 0 }],
  [{ TRUST_PROXY: '1' }, { trustedProxies: 1 }],
  [{ TRUST_PROXY: '10.0.0.0/8, ::1' }, { trustedProxies: ['10.0.0.0/8', '::1'] }],
];

export const invalidAuthentication: readonly InvalidCase[] = [
  [{ AUTH: 'OFF' }, 'AUTH', /"OFF"/],
  [{ AUTH: 'off,keys' }, 'AUTH', /"off,keys"/],
  [{ AUTH: 'keys,' }, 'AUTH', /"keys,"/],
  [{ AUTH: 'basic' }, 'AUTH', /keys, jwt, not "basic"/],
  [{ AUTH: 'jwt', ...issuer, JWT_ISSUER: '' }, 'JWT_ISSUER', /must be set, because AUTH has jwt/],
  [{ AUTH: 'jwt', ...issuer, JWT_AUDIENCE: ' ' }, 'JWT_AUDIENCE', /must be set/],
  [{ AUTH: 'jwt', ...issuer, JWT_KEYS: '' }, 'JWT_KEYS', /must be set/],
  [{ AUTH: 'jwt', ...issuer, JWT_KEYS: 'http://login.example.com/keys' }, 'JWT_KEYS', /https URL/],
  [{ AUTH: 'jwt', ...issuer, JWT_KEYS: 'http://127.0.0.1.example.com/' }, 'JWT_KEYS', /https URL/],
  [{ AUTH: 'jwt', ...issuer, JWT_KEYS: 'ftp://login.example.com/keys' }, 'JWT_KEYS', /https URL/],
  [{ AUTH: 'jwt', ...issuer, JWT_KEYS: `https://u:${password}@x/` }, 'JWT_KEYS', /https URL|password/],
  ...['none', 'HS256', 'RS256,HS256', 'rs256', 'ES256K'].map((algorithms): [Environment, string, RegExp] => [
    { JWT_ALGORITHMS: algorithms },
    'JWT_ALGORITHMS',
    /must be one of RS256/,
  ]),
  [{ JWT_TYPES: 'jose' }, 'JWT_TYPES', /"jose"/],
  [{ JWT_LEEWAY_SECONDS: '61' }, 'JWT_LEEWAY_SECONDS', /0 to 60/],
  [{ RATE_LIMIT_PER_MINUTE: '1.5' }, 'RATE_LIMIT_PER_MINUTE', /whole number/],
  [{ FAILED_LOGINS_PER_MINUTE: '-1' }, 'FAILED_LOGINS_PER_MINUTE', /whole number/],
  [{ TRUST_PROXY: 'true' }, 'TRUST_PROXY', /"true"/],
  [{ TRUST_PROXY: '10.0.0.0/33' }, 'TRUST_PROXY', /"10.0.0.0\/33"/],
  [{ TRUST_PROXY: '11' }, 'TRUST_PROXY', /0 to 10/],
];
