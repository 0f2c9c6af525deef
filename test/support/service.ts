import { loadConfig } from '../../src/config/config.ts';
import type { Problem } from '../../src/contract/types.ts';
import { type StopOptions, startService } from '../../src/service.ts';
import { afterwards, type Cleanup } from './cleanup.ts';
import { checkReply } from './contract-check.ts';
import { type EngineName, freshDatabaseUrl, migratedDatabaseUrl } from './engines.ts';
import { type RawReply, sendRaw } from './raw-request.ts';
import { assertHygiene } from './response-hygiene.ts';

type ServiceOptions = NonNullable<Parameters<typeof startService>[1]>;

interface TestServiceOptions extends ServiceOptions {
  readonly engine: EngineName;
  /** Settings that add to or override those of the tests. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The database of another service of this test. Defaults to a new one. */
  readonly databaseUrl?: string;
}

interface CallOptions {
  /** Strings and bytes are sent unchanged, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Defaults to 30 s. */
  readonly timeoutMs?: number;
}

export interface Reply<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body. Throws for a problem document or invalid JSON. */
  readonly json: Body;
  /** The parsed problem document. Throws if the response is not one. */
  readonly problem: Problem;
}

export interface TestService {
  readonly url: string;
  readonly databaseUrl: string;
  /** Sends a request with fetch and checks the response against the contract. */
  call<Body = unknown>(method: string, path: string, options?: CallOptions): Promise<Reply<Body>>;
  /** Sends exactly these bytes on a new connection; checks nothing. */
  raw(bytes: string | Uint8Array, timeoutMs?: number): Promise<RawReply>;
  /** Stops the service before the end of its test; its database remains until then. */
  stop(options?: StopOptions): Promise<void>;
}

/** Starts the real service on a free port; the cleanup stops it and removes its database. */
export async function startTestService(cleanup: Cleanup, options: TestServiceOptions): Promise<TestService> {
  const { engine, environment, databaseUrl: given, ...ports } = options;
  const databaseUrl = given ?? (await newDatabaseUrl(cleanup, engine));
  const config = loadConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: 'silent',
    ...environment,
  });
  const service = await withLibraryVariables(environment, () => startService(config, ports));
  let stopped: Promise<void> | undefined;
  const stop = (stopOptions?: StopOptions) => (stopped ??= service.stop(stopOptions));
  afterwards(cleanup, () => stop());
  const { url } = service;
  return {
    url,
    databaseUrl,
    call: (method, path, callOptions) => call(url, method, path, callOptions),
    raw: (bytes, timeoutMs) => sendRaw(url, bytes, timeoutMs),
    stop,
  };
}

/** Sets the process's environment while the service starts, because OpenTelemetry reads its own variables. */
async function withLibraryVariables<T>(
  environment: Readonly<Record<string, string>> = {},
  start: () => Promise<T>,
): Promise<T> {
  const variables = Object.entries(environment).filter(([name]) => name.startsWith('OTEL_'));
  for (const [name, value] of variables) process.env[name] = value;
  try {
    return await start();
  } finally {
    for (const [name] of variables) delete process.env[name];
  }
}

/** The service migrates a SQLite file at startup; PostgreSQL must be migrated before. */
function newDatabaseUrl(cleanup: Cleanup, engine: EngineName): Promise<string> {
  return engine === 'sqlite' ? freshDatabaseUrl(cleanup, engine) : migratedDatabaseUrl(cleanup, engine);
}

/** Sends one request. fetch normalizes the path; use `raw` for `..` or bytes that fetch would not send. */
async function call<Body>(
  serviceUrl: string,
  method: string,
  path: string,
  { body, headers, query, timeoutMs = 30_000 }: CallOptions = {},
): Promise<Reply<Body>> {
  const url = new URL(serviceUrl + path);
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const item of [value].flat()) url.searchParams.append(name, String(item));
  }
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...lowerCased(headers),
    },
    body: body === undefined ? null : requestBody(body),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const { status } = response;
  // Not text(), which drops a byte order mark.
  const text = Buffer.from(await response.arrayBuffer()).toString();
  checkReply({ method, path: url.pathname, status, headers: response.headers, bodyText: text });
  assertHygiene({ method, status, headers: response.headers, encrypted: url.protocol === 'https:' });
  return {
    status,
    headers: response.headers,
    text,
    get json() {
      // Otherwise a test would fail later on a missing member, which looks like another error.
      if (status >= 400) throw new Error(`${method} ${path} returned ${status}: ${text}`);
      return JSON.parse(text);
    },
    get problem() {
      if (status < 400)
        throw new Error(`${method} ${path} returned ${status}, but no problem document: ${text}`);
      return JSON.parse(text);
    },
  };
}

function requestBody(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (body instanceof Uint8Array) return new Uint8Array(body);
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** Lower-cases names, so that a caller's `Content-Type` replaces the default instead of adding to it. */
function lowerCased(headers: CallOptions['headers'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
