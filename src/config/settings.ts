/** A setting as shown in docs/settings.md, `customers --help` and error messages. */
export interface Setting {
  readonly name: string;
  readonly description: string;
  readonly example: string;
  /** The default, as it would be written. */
  readonly fallback: string;
  /** Whether the value is a secret, which may also be given as a file: the variable `<name>_FILE` holds its path. */
  readonly secret?: true;
}

/** From the most to the least verbose. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Variables of the OpenTelemetry specification. The SDK reads the other ones, such as OTEL_SERVICE_NAME, itself. */
const tracingSettings = [
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    fallback: '',
    example: 'http://127.0.0.1:4318',
    description: 'OTLP collector for traces (http/protobuf); /v1/traces is appended. Not set: no traces.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    fallback: '',
    example: 'https://otlp.example.com/v1/traces',
    description: 'Full URL for traces. Overrides OTEL_EXPORTER_OTLP_ENDPOINT.',
  },
  {
    name: 'OTEL_TRACES_SAMPLER',
    fallback: 'parentbased_always_on',
    example: 'parentbased_traceidratio',
    description:
      'Which requests are traced: always_on, always_off or traceidratio. With the prefix parentbased_ a caller that sends traceparent decides.',
  },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    fallback: '1',
    example: '0.1',
    description: 'Share of requests that traceidratio samples, 0 to 1.',
  },
  {
    name: 'OTEL_SDK_DISABLED',
    fallback: 'false',
    // Parsed in place of a wrong value, so that the other settings are checked too.
    example: 'false',
    description: 'true switches traces off.',
  },
] as const;

/** Every setting. `config.ts` says how each one is parsed. */
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
      'sqlite:FILE, sqlite::memory: (gone at exit) or postgres://USER:PASSWORD@HOST:PORT/DATABASE. Or DATABASE_URL_FILE: a file that holds it.',
    secret: true,
  },
  {
    name: 'DATABASE_REPLICA_URL',
    fallback: '',
    example: 'postgres://customers:secret@replica.internal:5432/customers',
    description:
      'A streaming standby of PostgreSQL for reads that send Min-Feed-Position. Or DATABASE_REPLICA_URL_FILE.',
    secret: true,
  },
  {
    name: 'DATABASE_POOL_SIZE',
    fallback: '8',
    example: '8',
    description: 'Connections to PostgreSQL for reads, 1 to 100. Writes use one more.',
  },
  { name: 'LOG_LEVEL', fallback: 'info', example: 'warn', description: `One of ${logLevels.join(', ')}.` },
  {
    name: 'AUTH',
    fallback: '',
    example: 'keys',
    description:
      'Credentials that are taken: keys, jwt or keys,jwt. off: anyone who reaches the port may read and write.',
  },
  {
    name: 'JWT_ISSUER',
    fallback: '',
    example: 'https://login.example.com/',
    description: 'The iss that a JWT must have, to the letter. Needed with AUTH=jwt, as the next two are.',
  },
  {
    name: 'JWT_AUDIENCE',
    fallback: '',
    example: 'https://customers.example.com',
    description: 'The aud that a JWT must have, or have among others: the name of this API.',
  },
  {
    name: 'JWT_KEYS',
    fallback: '',
    example: 'https://login.example.com/.well-known/jwks.json',
    description:
      "The issuer's JSON Web Key Set: a file, or an https URL (http only on this machine). No token names another.",
  },
  {
    name: 'JWT_ALGORITHMS',
    fallback: 'RS256,PS256,ES256,EdDSA',
    example: 'ES256',
    description: 'Signatures that are taken, of RS, PS and ES with 256, 384 or 512, EdDSA and Ed25519.',
  },
  {
    name: 'JWT_TYPES',
    fallback: 'at+jwt',
    example: 'at+jwt,JWT',
    description: 'The typ that a JWT may have. Add JWT for an issuer that does not follow RFC 9068.',
  },
  {
    name: 'JWT_LEEWAY_SECONDS',
    fallback: '10',
    example: '10',
    description: "How far the issuer's clock may be off, 0 to 60 seconds.",
  },
  {
    name: 'RATE_LIMIT_PER_MINUTE',
    fallback: '0',
    example: '6000',
    description:
      'Requests a minute that each principal may make of this process (429); with AUTH=off each address. 0: any number.',
  },
  {
    name: 'FAILED_LOGINS_PER_MINUTE',
    fallback: '300',
    example: '300',
    description:
      'Requests a minute without a valid credential that each address may make of this process, then 429 instead of 401. 0: any number.',
  },
  {
    name: 'TRUST_PROXY',
    fallback: '',
    example: '10.0.0.0/8',
    description: 'Proxies whose X-Forwarded-For is trusted: their number, or their addresses. Empty: none.',
  },
  {
    name: 'REQUIRE_IF_MATCH',
    fallback: 'false',
    example: 'true',
    description: 'true: PUT, PATCH, DELETE and erasing by id without If-Match are refused (428).',
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
    name: 'SHUTDOWN_DELAY_MS',
    fallback: '',
    example: '10000',
    description:
      'How long requests are still served after SIGTERM while /readyz is 503, 0 to 300000 milliseconds. Not set: 3000, on a loopback address 0.',
  },
  {
    name: 'RETENTION_CHANGES_DAYS',
    fallback: '',
    example: '730',
    description:
      'How many days history and change feed go back, 2 to 36500. Not set: to the beginning. Older changes are removed.',
  },
  {
    name: 'RETENTION_DELETED_DAYS',
    fallback: '',
    example: '90',
    description:
      'How many days after its deletion a customer is erased for good, 1 to 36500. Not set: never.',
  },
  {
    name: 'KEEP_ALIVE_TIMEOUT_MS',
    fallback: '75000',
    example: '360000',
    description: 'How long an idle connection is kept: longer than the load balancer before it keeps one.',
  },
  {
    name: 'METRICS_PORT',
    fallback: '',
    example: '9464',
    description: 'Port of its own for /metrics, which asks for no credential there. Not set: only on PORT.',
  },
  {
    name: 'METRICS_HOST',
    fallback: '127.0.0.1',
    example: '0.0.0.0',
    description: 'Address to listen on for METRICS_PORT: one that only those who scrape can reach.',
  },
  {
    name: 'CONSUL_HTTP_ADDR',
    fallback: '',
    example: 'http://127.0.0.1:8500',
    description: 'Consul agent to register at while the service runs. Not set: nowhere.',
  },
  {
    name: 'CONSUL_HTTP_TOKEN',
    fallback: '',
    example: 'b1gs33cr3t',
    description:
      'Token for the Consul agent, with service:write. Or CONSUL_HTTP_TOKEN_FILE: a file that holds it.',
    secret: true,
  },
  {
    name: 'CONSUL_SERVICE_NAME',
    fallback: 'customers',
    example: 'customers',
    description: 'Name to register in Consul: CONSUL_SERVICE_NAME.service.consul in its DNS.',
  },
  {
    name: 'CONSUL_SERVICE_ADDRESS',
    fallback: '',
    example: '10.1.2.3',
    description:
      'Address to register in Consul. Not set: HOST, or the address of the agent where HOST is any.',
  },
  ...tracingSettings,
  { name: 'CONNECTIONS_MAX', fallback: '15000', example: '2000', description: 'Open connections; then 503.' },
  { name: 'REQUESTS_MAX', fallback: '1000', example: '200', description: 'Requests at once; then 503.' },
  {
    name: 'STREAMS_MAX',
    fallback: '2000',
    example: '500',
    description: 'Streamed replies at once; then 503.',
  },
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

/** The name of a setting. */
export type SettingName = (typeof settings)[number]['name'];
