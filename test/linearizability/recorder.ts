import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../support/random.ts';
import type { Action, LogEntry, Operation, Outcome } from './history.ts';

export interface RecordingOptions {
  /** Of one service, or of several instances of it. */
  readonly urls: readonly string[];
  readonly customers: number;
  readonly clients: number;
  readonly operations: number;
  readonly random: Random;
  /** Called with the number of finished operations. */
  readonly onProgress?: (ended: number) => void;
}

export interface Recorded {
  readonly customerId: string;
  readonly operations: readonly Operation[];
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly etag: string | undefined;
}

/** How long a client waits for a response, and after an inconclusive one. */
const answerTimeoutMs = 20_000;
const retryPauseMs = 25;

/** Runs many clients on a few customers, each one operation at a time, and records the outcomes. */
export async function record(options: RecordingOptions): Promise<readonly Recorded[]> {
  const { urls, clients, random } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const recorded = Array.from({ length: options.customers }, () => ({
    customerId: randomId(random),
    operations: [] as Operation[],
    /** The latest version that any client has seen. */
    version: 0,
  }));
  let started = 0;
  let ended = 0;

  async function act(client: number): Promise<void> {
    while (started < options.operations) {
      const customer = random.pick(recorded);
      const id = `c${client}-${started++}`;
      const action = randomAction(random, customer.version);
      const path = `${random.pick(urls)}/customers/${customer.customerId}`;
      const calledAt = performance.now();
      const outcome = await send(agent, path, id, action).then(
        (answer) => outcomeOf(answer),
        (): Outcome => ({ kind: 'unknown' }),
      );
      const returnedAt = performance.now();
      customer.operations.push({ id, action, outcome, calledAt, returnedAt });
      if (outcome.kind === 'done' && outcome.version !== undefined) customer.version = outcome.version;
      options.onProgress?.(++ended);
      if (outcome.kind === 'unknown' || outcome.kind === 'not stored') await pause(retryPauseMs);
    }
  }

  await Promise.all(Array.from({ length: clients }, (_, client) => act(client)));
  agent.destroy();
  return recorded;
}

function randomAction(random: Random, version: number): Action {
  // Sometimes one that is certainly stale.
  const ifMatch = random.next() < 0.6 ? Math.max(1, version - (random.next() < 0.1 ? 1 : 0)) : undefined;
  const drawn = random.next();
  if (drawn < 0.5) return { kind: 'read' };
  if (drawn < 0.84) return { kind: 'update', ifMatch };
  if (drawn < 0.87) return { kind: 'delete', ifMatch };
  return { kind: drawn < 0.97 ? 'restore' : 'create' };
}

function send(agent: Agent, url: string, id: string, action: Action): Promise<Answer> {
  const ifMatch = 'ifMatch' in action ? action.ifMatch : undefined;
  const headers = {
    'X-Request-Id': id,
    'Content-Type': 'application/json',
    ...(ifMatch === undefined ? {} : { 'If-Match': `"${ifMatch}"` }),
  };
  const change = JSON.stringify({ note: id });
  switch (action.kind) {
    case 'read':
      return call(agent, 'GET', url, { 'X-Request-Id': id });
    case 'create':
      return call(agent, 'PUT', url, { ...headers, 'If-None-Match': '*' }, `{"name":"Ada","note":"${id}"}`);
    case 'update':
      return call(agent, 'PATCH', url, headers, change);
    case 'delete':
      return call(agent, 'DELETE', url, headers);
    case 'restore':
      return call(agent, 'POST', `${url}/restore`, { 'X-Request-Id': id });
  }
}

/** @throws Error for an unexpected response. */
function outcomeOf({ status, text, etag }: Answer): Outcome {
  switch (status) {
    case 200:
    case 201:
      return { kind: 'done', version: Number(etag?.slice(1, -1)), value: JSON.parse(text).note };
    case 204:
      return { kind: 'done' };
    case 404:
      return { kind: 'absent' };
    case 410:
      return { kind: 'deleted' };
    case 412:
      return { kind: 'conflict' };
    case 503:
      return { kind: text.includes('Nothing was stored') ? 'not stored' : 'unknown' };
    default:
      throw new Error(`An unexpected response: ${status} ${text}`);
  }
}

function call(
  agent: Agent,
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timeout = answerTimeoutMs;
    const sent = httpRequest(url, { agent, method, headers, timeout }, (response) => {
      collect(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, text, etag: response.headers.etag }),
        reject,
      );
    });
    sent.on('timeout', () => sent.destroy(new Error('No response in time.')));
    sent.on('error', reject);
    sent.end(body);
  });
}

async function collect(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The customer's history according to the service, oldest first. */
export async function readLog(serviceUrl: string, customerId: string): Promise<readonly LogEntry[]> {
  const log: LogEntry[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const next = cursor === '' ? '' : `&cursor=${cursor}`;
    const response = await fetch(`${serviceUrl}/customers/${customerId}/history?limit=100${next}`);
    if (response.status === 404) return [];
    const page = (await response.json()) as {
      readonly items: readonly {
        readonly version: number;
        readonly kind: string;
        readonly requestId: string;
      }[];
      readonly nextCursor: string | null;
    };
    for (const { version, kind, requestId } of page.items)
      log.push({ version, kind, operationId: requestId });
    cursor = page.nextCursor;
  }
  return log.reverse();
}

function randomId(random: Random): string {
  const digits = (count: number) =>
    Array.from({ length: count }, () => random.integer(0, 15).toString(16)).join('');
  return `${digits(8)}-${digits(4)}-7${digits(3)}-8${digits(3)}-${digits(12)}`;
}
