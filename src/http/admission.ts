import type { Request, RequestHandler, Response } from 'express';
import { unavailable } from '../domain/failures.ts';
import type { Metrics } from '../operations/metrics.ts';
import { isSurplus } from './connection-limit.ts';
import { type Load, type OverloadReason, placesFor, reasonToRefuse } from './overload.ts';
import { retryAfterSeconds } from './retry-after.ts';
import { type WorkClass, workClassOf } from './work-classes.ts';

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
