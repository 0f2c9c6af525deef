import type { StoreLoad } from '../domain/store-load.ts';
import type { WorkClass } from './work-classes.ts';

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
