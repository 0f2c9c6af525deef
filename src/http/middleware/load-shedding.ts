import type { Request, RequestHandler, Response } from 'express';
import { contract, type OperationId } from '../../contract/document.ts';
import { operationsById } from '../../contract/operations.ts';
import type { StoreQueueStats } from '../../domain/customer-store.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { isOverConnectionLimit, pendingRequests, pipelinedMax } from '../connections.ts';
import { HttpFailure } from '../problem.ts';

export interface LoadShedderDeps {
  /** Concurrent requests. */
  readonly requestsMax: number;
  /** Concurrent streamed responses, not counted as requests. */
  readonly streamsMax: number;
  readonly load: Load;
  readonly metrics: Metrics;
}

/**
 * Limits concurrent work, so that accepted requests finish in time (docs/adr/0023). All methods that refuse throw
 * HttpFailure `unavailable`.
 */
export interface LoadShedder {
  /** Refuses a request that could not be served now, before its body is read. */
  readonly shedLoad: RequestHandler;
  /** Takes a request slot. Called once the body is read, so that slow senders hold none. */
  acquireSlot(priority: Priority): void;
  /** Frees the request's slot when its response closes. Called when the work is done, even for a closed response. */
  releaseOnClose(response: Response): void;
  /** Swaps the request's slot for a stream's. */
  convertToStream(response: Response): void;
}

export function createLoadShedder({ requestsMax, streamsMax, load, metrics }: LoadShedderDeps): LoadShedder {
  let requests = 0;
  let streams = 0;
  // Shared listeners: no closure per request.
  const releaseSlot = () => void requests--;
  const releaseStream = () => void streams--;

  function overloaded(
    reason: ShedReason,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
  ): HttpFailure {
    metrics.requestRefused(reason);
    return new HttpFailure('unavailable', detail, {
      headers: { 'Retry-After': String(randomRetryAfterSeconds()), ...headers },
    });
  }

  function assertConnection({ socket }: Request): void {
    if (!isOverConnectionLimit(socket)) return;
    const detail = 'The service has as many connections as it takes at once.';
    throw overloaded('connections_max', detail, { Connection: 'close' });
  }

  function assertSlot(priority: Priority): void {
    const slots = slotsFor(priority, requestsMax);
    if (requests < slots) return;
    throw overloaded(
      'requests_max',
      `The service is working on ${slots} requests of this kind, which is its limit.`,
    );
  }

  function assertNoDelay(priority: Priority): void {
    const reason = shedReason(priority, load);
    if (reason) throw overloaded(reason, delayDetails[reason]);
  }

  return {
    shedLoad(request, _response, next) {
      assertConnection(request);
      const priority = priorityOf(request.method, request.path);
      assertSlot(priority);
      assertNoDelay(priority);
      next();
    },
    acquireSlot(priority) {
      assertSlot(priority);
      requests++;
    },
    releaseOnClose(response) {
      // A closed response emits no second close event.
      if (response.closed) releaseSlot();
      else response.once('close', releaseSlot);
    },
    convertToStream(response) {
      if (streams >= streamsMax) {
        throw overloaded('streams_max', `The service is sending ${streamsMax} streams, which is its limit.`);
      }
      if (response.closed) return;
      response.off('close', releaseSlot);
      releaseSlot();
      streams++;
      response.once('close', releaseStream);
    },
  };
}

const delayDetails = {
  event_loop: 'The service has more to do than it can do in time.',
  store_wait: 'The requests that wait for the database already take longer than is worth waiting.',
} as const;

/** Refuses a request on a connection that already has too many unanswered ones, and closes the connection. */
export const limitPipelining: RequestHandler = function limitPipelining({ socket }, _response, next) {
  if (pendingRequests(socket) > pipelinedMax) {
    const detail = `The connection has ${pipelinedMax} requests without an answer, which is the limit.`;
    throw new HttpFailure('unavailable', detail, { headers: { 'Retry-After': '1', Connection: 'close' } });
  }
  next();
};

/** The measurements that load shedding goes by. */
export interface Load {
  readonly store: StoreQueueStats;
  /** How late the event loop runs its timers, in milliseconds. */
  readonly eventLoop: { readonly delayMs: number };
}

export type DelayReason = 'event_loop' | 'store_wait';

/** Why a request is shed. Metrics use it as a label. */
export type ShedReason = 'requests_max' | 'streams_max' | 'connections_max' | DelayReason;

/** The share of request slots that writes and lists may use. The rest is reserved for point reads. */
const lowPriorityPercent = 75;
/** Event-loop delay above which writes and lists are shed. */
const loopDelayMaxMs = 500;
/**
 * Expected database wait above which writes and lists are shed. Longer than PostgreSQL's `deadlock_timeout` of 1 s:
 * an occasional deadlock between two instances is no overload.
 */
const storeWaitMaxMs = 1500;
/** Point reads are shed at this multiple of both delays. */
const pointReadTolerance = 2;

/** The number of request slots for a priority; at least 1. */
export function slotsFor(priority: Priority, requestsMax: number): number {
  return priority === 'pointRead' ? requestsMax : Math.ceil((requestsMax * lowPriorityPercent) / 100);
}

/**
 * Why a request should be shed; undefined if it should be served. Each request is judged by the queue it would join,
 * without any global overload state: reads continue while only writes wait.
 */
export function shedReason(priority: Priority, { store, eventLoop }: Load): DelayReason | undefined {
  const tolerance = priority === 'pointRead' ? pointReadTolerance : 1;
  if (eventLoop.delayMs > loopDelayMaxMs * tolerance) return 'event_loop';
  const queue = priority === 'write' ? store.writes : store.reads;
  if (queue.waitMs > storeWaitMaxMs * tolerance) return 'store_wait';
  return undefined;
}

/** Decides which requests are shed first (docs/adr/0023). */
export type Priority =
  /** One customer by a key: cheap, and usually a person waits for it. Shed last. */
  | 'pointRead'
  /** Many rows, or a stream of them. */
  | 'list'
  | 'write';

/** The priority of each operation. A missing operation is a compile error. */
export const priorities: Readonly<Record<OperationId, Priority>> = {
  getCustomer: 'pointRead',
  getCustomerByExternalId: 'pointRead',
  listCustomers: 'list',
  exportCustomers: 'list',
  getCustomerHistory: 'list',
  listChanges: 'list',
  createCustomer: 'write',
  replaceCustomer: 'write',
  updateCustomer: 'write',
  deleteCustomer: 'write',
  restoreCustomer: 'write',
  eraseCustomer: 'write',
  importCustomers: 'write',
  upsertCustomerByExternalId: 'write',
};

const literalPaths = new Set(Object.keys(contract.paths).filter((path) => !path.includes('{')));
const pointReadPaths = [...operationsById.values()]
  .filter(({ id }) => priorities[id] === 'pointRead')
  .map(({ path }) => path.replaceAll(/\{\w+\}/g, '[^/]+'));
const pointRead = new RegExp(`^(?:${pointReadPaths.join('|')})$`);

/** The priority of a request by method and path: routing happens only after authentication. */
export function priorityOf(method: string, path: string): Priority {
  if (method !== 'GET' && method !== 'HEAD') return 'write';
  return pointRead.test(path) && !literalPaths.has(path) ? 'pointRead' : 'list';
}

const longestRetryAfterSeconds = 5;

/** Random, so that clients that were shed together do not retry together. */
function randomRetryAfterSeconds(): number {
  return 1 + Math.floor(Math.random() * longestRetryAfterSeconds);
}
