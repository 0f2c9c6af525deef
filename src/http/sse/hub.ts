import type { Principal } from '../../domain/authentication.ts';
import { type ChangeFeed, type FeedStart, startPosition } from '../../domain/change-feed.ts';
import { unavailable } from '../../domain/failures.ts';
import { createChunkReader, createFeedTail } from './buffer.ts';
import { createFeedStream, type FeedStream, type FeedStreamParts } from './stream.ts';

/** Less than what proxies and our own server let a connection be quiet. */
const defaultHeartbeatMs = 15_000;

/** A revoked key must be refused within a second, and so must a stream that it opened. */
const credentialCheckMs = 250;

/** The clients of this process that follow the feed. */
export interface FeedStreams {
  /**
   * A stream that begins after this position.
   * Rejects with the failures of `startPosition`, or `unavailable` when the service stops.
   * @param parameter where the caller said the position.
   * @param principal whose stream it is: it ends when the credential does.
   */
  open(after: FeedStart, parameter: string, principal: Principal): Promise<AsyncIterable<Uint8Array>>;
  /** How many are open. */
  readonly count: number;
  /** The position that those have been told of that have caught up; undefined while none is open. */
  readonly position: string | undefined;
  /** Ends all at once, so that their clients connect elsewhere, and lets no more begin. */
  stop(): void;
}

/** Joins one shared tail with the streams that are woken by it. It follows the feed while a stream is open. */
export function createFeedStreams(
  feed: ChangeFeed,
  { heartbeatMs = defaultHeartbeatMs }: { readonly heartbeatMs?: number } = {},
): FeedStreams {
  const streams = new Set<FeedStream>();
  const principals = new WeakMap<FeedStream, Principal>();
  const tail = createFeedTail(feed, { published: () => wakeAll('news'), lost: endAll });
  /** Where the feed ended when a stream was last opened: from there on the tail has to follow it. */
  let head = '0';
  let isStopped = false;
  let heartbeats: NodeJS.Timeout | undefined;
  let credentialChecks: NodeJS.Timeout | undefined;

  const parts: FeedStreamParts = {
    tail,
    readChunk: createChunkReader(feed),
    begun(stream) {
      if (isStopped) return stream.end();
      streams.add(stream);
      if (streams.size > 1) return;
      tail.begin(head);
      heartbeats = setInterval(() => wakeAll('heartbeat'), heartbeatMs).unref();
      credentialChecks = setInterval(endWithCredentials, credentialCheckMs).unref();
    },
    ended(stream) {
      if (!streams.delete(stream) || streams.size > 0) return;
      tail.end();
      clearInterval(heartbeats);
      clearInterval(credentialChecks);
    },
  };

  function wakeAll(reason: 'news' | 'heartbeat'): void {
    for (const stream of streams) stream.wake(reason);
  }

  function endWithCredentials(): void {
    for (const stream of streams) if (!principals.get(stream)?.isCurrent()) stream.end();
  }

  function endAll(error?: unknown): void {
    for (const stream of streams) stream.end(error);
  }

  return {
    async open(after, parameter, principal) {
      if (isStopped) throw unavailable('The service is stopping.');
      const extent = await feed.extent();
      head = extent.head;
      const stream = createFeedStream(startPosition(after, extent, parameter), parts);
      principals.set(stream, principal);
      return stream;
    },
    get count() {
      return streams.size;
    },
    get position() {
      return tail.position;
    },
    stop() {
      isStopped = true;
      endAll();
    },
  };
}
