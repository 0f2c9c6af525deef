import { loadConfig } from '../../src/config/config.ts';
import type { Problem } from '../../src/contract/types.ts';
import { type StopOptions, startService } from '../../src/service.ts';
import { afterwards, type Cleanup } from './cleanup.ts';
import { checkReply } from './contract-check.ts';
import { type EngineName, freshDatabaseUrl, migratedDatabaseUrl } from './engines.ts';
import { type RawReply, sendRaw } from './raw-request.ts';
import { assertHygiene } from './reply-hygiene.ts';

type ServiceOptions = NonNullable<Parameters<typeof startService>[1]>;

interface TestServiceOptions extends ServiceOptions {
  readonly engine: EngineName;
  /** Settings beside or instead of those of the tests. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The database of another service of this test; a fresh one when absent. */
  readonly databaseUrl?: string;
}

interface CallOptions {
  /** A text or bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** 30 s when absent. */
  readonly timeoutMs?: number;
}

export interface Reply<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body. Throws when the reply is a problem, or is not JSON. */
  readonly json: Body;
  /** The parsed body of a failure. Throws when the reply is no problem. */
  readonly problem: Problem;
}

export interface TestService {
  readonly url: string;
  readonly databaseUrl: string;
  /** Sends a request with fetch and holds the reply against the contract. */
  call<Body = unknown>(method: string, path: string, options?: CallOptions): Promise<Reply<Body>>;
  /** Writes exactly these bytes to a connection of its own; nothing is checked. */
  raw(bytes: string | Uint8Array, timeoutMs?: number): Promise<RawReply>;
  /** Stops the service before its test is over; its database stays until then. */
  stop(options?: StopOptions): Promise<void>;
}

/** Starts the real service on a free port; it is stopped, and its database removed, with the cleanup's test. */
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

/** OpenTelemetry reads its variables from the environment of the process, while the service starts. */
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

/** The service migrates a SQLite file when it starts; PostgreSQL is migrated before. */
function newDatabaseUrl(cleanup: Cleanup, engine: EngineName): Promise<string> {
  return engine === 'sqlite' ? freshDatabaseUrl(cleanup, engine) : migratedDatabaseUrl(cleanup, engine);
}

/**
 * One request. The path is sent as the URL standard normalizes it: for `..`, or bytes that fetch would not
 * send, there is `raw`.
 */
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
  // Not text(), which would swallow a byte order mark.
  const text = Buffer.from(await response.arrayBuffer()).toString();
  checkReply({ method, path: url.pathname, status, headers: response.headers, bodyText: text });
  assertHygiene({ method, status, headers: response.headers, encrypted: url.protocol === 'https:' });
  return {
    status,
    headers: response.headers,
    text,
    get json() {
      // A test that goes on with a member of a problem would fail later, and look like another fault.
      if (status >= 400) throw new Error(`${method} ${path} answered ${status}: ${text}`);
      return JSON.parse(text);
    },
    get problem() {
      if (status < 400) throw new Error(`${method} ${path} answered ${status}, which is no problem: ${text}`);
      return JSON.parse(text);
    },
  };
}

function requestBody(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (body instanceof Uint8Array) return new Uint8Array(body);
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** So that a caller's `Content-Type` takes the place of ours instead of joining it. */
function lowerCased(headers: CallOptions['headers'] = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
