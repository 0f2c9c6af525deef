import type { Request, RequestHandler, Response } from 'express';
import { unavailable } from '../domain/failures.ts';
import { isSurplus } from './connection-limit.ts';
import { retryAfterSeconds } from './retry-after.ts';

export interface AdmissionOptions {
  /** How many requests are worked on at once. */
  readonly requestsMax: number;
  /** How many replies are streamed at once, beside those. */
  readonly streamsMax: number;
}

/** Keeps the work that is done at once within bounds, so that what is taken is also done in time. */
export interface Admission {
  /** Turns away, before anything is read of it, what could not be worked on now. */
  readonly refuseOverload: RequestHandler;
  /**
   * Takes a request whose body is there. Slow senders hold no place.
   * @throws Failure `unavailable` when all places are taken.
   */
  enter(): void;
  /** The work is done: the place is free when the reply is out. Who leaves early ends no work. */
  leaveWith(response: Response): void;
  /**
   * Makes a request whose work is done a stream, which may last and has a place of another kind.
   * @throws Failure `unavailable` when all places are taken.
   */
  becomeStream(response: Response): void;
}

export function createAdmission({ requestsMax, streamsMax }: AdmissionOptions): Admission {
  let requests = 0;
  let streams = 0;
  // Two functions for all requests, so that entering costs no closure.
  const leave = () => void requests--;
  const endStream = () => void streams--;

  function assertPlace(): void {
    if (requests < requestsMax) return;
    throw overloaded(`The service works on ${requestsMax} requests, which is as many as it takes at once.`);
  }

  return {
    refuseOverload(request, _response, next) {
      assertConnection(request);
      assertPlace();
      next();
    },
    enter() {
      assertPlace();
      requests++;
    },
    leaveWith(response) {
      // What is closed already does not close again.
      if (response.closed) leave();
      else response.once('close', leave);
    },
    becomeStream(response) {
      if (streams >= streamsMax) {
        throw overloaded(`The service sends ${streamsMax} streams, which is as many as it takes at once.`);
      }
      if (response.closed) return;
      response.off('close', leave);
      leave();
      streams++;
      response.once('close', endStream);
    },
  };
}

function assertConnection({ socket }: Request): void {
  if (!isSurplus(socket)) return;
  throw overloaded('The service has as many connections as it takes at once.', { Connection: 'close' });
}

function overloaded(detail: string, headers: Readonly<Record<string, string>> = {}) {
  return unavailable(detail, undefined, { 'Retry-After': retryAfterSeconds(), ...headers });
}
