import type { Request, RequestHandler, Response } from 'express';
import { contract, type OperationId } from '../../contract/document.ts';
import { operationsById } from '../../contract/operations.ts';
import type { StoreLoad } from '../../domain/customer-store.ts';
import { unavailable } from '../../domain/failures.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { isSurplus } from '../server.ts';

export interface AdmissionOptions {
  /** How many requests are worked on at once. */
  readonly requestsMax: number;
  /** How many replies are streamed at once, beside those. */
  readonly streamsMax: number;
  readonly load: Load;
  readonly metrics: Metrics;
}

/** Keeps the work that is done at once within bounds, so that what is taken is also done in time. */
export interface Admission {
  /** Turns away, before anything is read of it, what could not be worked on now. */
  readonly refuseOverload: RequestHandler;
  /**
   * Takes a request whose body is there. Slow senders hold no place.
   * @throws Failure `unavailable` when all places are taken.
   */
  enter(work: WorkClass): void;
  /** The work is done: the place is free when the reply is out. Who leaves early ends no work. */
  leaveWith(response: Response): void;
  /**
   * Makes a request whose work is done a stream, which may last and has a place of another kind.
   * @throws Failure `unavailable` when all places are taken.
   */
  becomeStream(response: Response): void;
}

export function createAdmission({ requestsMax, streamsMax, load, metrics }: AdmissionOptions): Admission {
  let requests = 0;
  let streams = 0;
  // Two functions for all requests, so that entering costs no closure.
  const leave = () => void requests--;
  const endStream = () => void streams--;

  function overloaded(
    reason: OverloadReason,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    metrics.requestRefused(reason);
    return unavailable(detail, undefined, { 'Retry-After': retryAfterSeconds(), ...headers });
  }

  function assertConnection({ socket }: Request): void {
    if (!isSurplus(socket)) return;
    const detail = 'The service has as many connections as it takes at once.';
    throw overloaded('connections_max', detail, { Connection: 'close' });
  }

  function assertPlace(work: WorkClass): void {
    const places = placesFor(work, requestsMax);
    if (requests < places) return;
    throw overloaded(
      'requests_max',
      `The service works on ${places} requests, which is as many as it takes at once of this kind.`,
    );
  }

  function assertTime(work: WorkClass): void {
    const reason = reasonToRefuse(work, load);
    if (reason) throw overloaded(reason, waitDetails[reason]);
  }

  return {
    refuseOverload(request, _response, next) {
      assertConnection(request);
      const work = workClassOf(request.method, request.path);
      assertPlace(work);
      assertTime(work);
      next();
    },
    enter(work) {
      assertPlace(work);
      requests++;
    },
    leaveWith(response) {
      // What is closed already does not close again.
      if (response.closed) leave();
      else response.once('close', leave);
    },
    becomeStream(response) {
      if (streams >= streamsMax) {
        throw overloaded(
          'streams_max',
          `The service sends ${streamsMax} streams, which is as many as it takes at once.`,
        );
      }
      if (response.closed) return;
      response.off('close', leave);
      leave();
      streams++;
      response.once('close', endStream);
    },
  };
}

const waitDetails = {
  event_loop: 'The service has more to do than it can do in time.',
  store_wait: 'The requests that wait for the database already take longer than is worth waiting.',
} as const;

/** What is measured of how much the service has to do. */
export interface Load {
  readonly store: StoreLoad;
  /** How late the event loop is, in milliseconds. */
  readonly eventLoop: { readonly delayMs: number };
}

/** What work would wait for too long. */
export type WaitReason = 'event_loop' | 'store_wait';

/** Why work is refused, out of a closed list: metrics name refusals by it. */
export type OverloadReason = 'requests_max' | 'streams_max' | 'connections_max' | WaitReason;

/** The part of the places that writes and lists may take, in percent: the rest is there for point reads. */
const deferrablePercent = 75;
/** How long the event loop may keep waiting what is ready, before writes and lists are refused. */
const loopDelayMaxMs = 500;
/**
 * How long work may have to wait for the database, before writes and lists are refused. More than the second after
 * which PostgreSQL looks for a deadlock: two instances that take the same emails in other orders meet one now and then,
 * and what waited behind it is done right after.
 */
const storeWaitMaxMs = 1500;
/** How many times as much point reads bear of either. */
const pointReadPatience = 2;

/** How many requests may be worked on when one of this class is taken on. At least one, however few there may be. */
export function placesFor(work: WorkClass, requestsMax: number): number {
  return work === 'pointRead' ? requestsMax : Math.ceil((requestsMax * deferrablePercent) / 100);
}

/**
 * Why a request of this class is better refused now than worked on, or nothing. Each is judged by what itself would
 * meet, so that there is no state of alarm to flap in and out of: reads go on where only writes wait.
 */
export function reasonToRefuse(work: WorkClass, { store, eventLoop }: Load): WaitReason | undefined {
  const patience = work === 'pointRead' ? pointReadPatience : 1;
  if (eventLoop.delayMs > loopDelayMaxMs * patience) return 'event_loop';
  const queue = work === 'write' ? store.writes : store.reads;
  if (queue.waitMs > storeWaitMaxMs * patience) return 'store_wait';
  return undefined;
}

/** What is dropped first when there is too much: see docs/adr/0023. */
export type WorkClass =
  /** One customer, by a key: cheap, and most often what somebody waits for at a screen. */
  | 'pointRead'
  /** Many rows, or a stream of them. */
  | 'list'
  | 'write';

/** The class of each operation: one that is missing here does not compile. */
export const workClasses: Readonly<Record<OperationId, WorkClass>> = {
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
  .filter(({ id }) => workClasses[id] === 'pointRead')
  .map(({ path }) => path.replaceAll(/\{\w+\}/g, '[^/]+'));
const pointRead = new RegExp(`^(?:${pointReadPaths.join('|')})$`);

/**
 * The class of a request by its first line alone: the operation itself is looked for only after the caller has been
 * authenticated.
 */
export function workClassOf(method: string, path: string): WorkClass {
  if (method !== 'GET' && method !== 'HEAD') return 'write';
  return pointRead.test(path) && !literalPaths.has(path) ? 'pointRead' : 'list';
}

/** Spread, so that those who are refused together do not come back together. */
const longestSeconds = 5;

/** How long a caller that is turned away for overload is asked to wait. */
export function retryAfterSeconds(): string {
  return String(1 + Math.floor(Math.random() * longestSeconds));
}
