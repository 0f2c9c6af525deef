import type { Principal } from '../../domain/authentication.ts';
import { type ChangeFeed, type FeedStart, startPosition } from '../../domain/change-feed.ts';
import { unavailable } from '../../domain/failures.ts';
import { createBroadcastBuffer } from './broadcast-buffer.ts';
import { createChunkReader } from './chunks.ts';
import { type ChangeStream, type ChangeStreamDeps, createChangeStream } from './stream.ts';

/** Shorter than the idle timeouts of proxies and of our own server. */
const defaultHeartbeatMs = 15_000;

/** A revoked key must stop working within a second, including the streams that it opened. */
const credentialCheckMs = 250;

/** All open event streams of this process. */
export interface StreamHub {
  /**
   * Opens a stream of the changes after this position. It ends when the principal's credential does.
   * Rejects with the failures of `startPosition`, and `unavailable` while the service stops.
   * @param parameter the name of the parameter or header that gave the position, for error messages.
   */
  open(after: FeedStart, parameter: string, principal: Principal): Promise<AsyncIterable<Uint8Array>>;
  /** The number of open streams. */
  readonly count: number;
  /** The position that streams without lag have reached; undefined while none is open. */
  readonly position: string | undefined;
  /** Ends all streams, so that their clients reconnect elsewhere, and refuses new ones. */
  stop(): void;
}

/** Creates the hub. It follows the feed only while a stream is open. */
export function createStreamHub(
  feed: ChangeFeed,
  { heartbeatMs = defaultHeartbeatMs }: { readonly heartbeatMs?: number } = {},
): StreamHub {
  const streams = new Set<ChangeStream>();
  const principals = new WeakMap<ChangeStream, Principal>();
  const buffer = createBroadcastBuffer(feed, { onPublish: () => wakeAll('publish'), onError: endAll });
  /** The head of the feed when a stream was last opened: where the buffer starts. */
  let head = '0';
  let isStopped = false;
  let heartbeats: NodeJS.Timeout | undefined;
  let credentialChecks: NodeJS.Timeout | undefined;

  const deps: ChangeStreamDeps = {
    buffer,
    readChunk: createChunkReader(feed),
    onOpen(stream) {
      if (isStopped) return stream.end();
      streams.add(stream);
      if (streams.size > 1) return;
      buffer.start(head);
      heartbeats = setInterval(() => wakeAll('heartbeat'), heartbeatMs).unref();
      credentialChecks = setInterval(endUnauthorized, credentialCheckMs).unref();
    },
    onClose(stream) {
      if (!streams.delete(stream) || streams.size > 0) return;
      buffer.stop();
      clearInterval(heartbeats);
      clearInterval(credentialChecks);
    },
  };

  function wakeAll(reason: 'publish' | 'heartbeat'): void {
    for (const stream of streams) stream.wake(reason);
  }

  function endUnauthorized(): void {
    for (const stream of streams) if (!principals.get(stream)?.isCurrent()) stream.end();
  }

  function endAll(error?: unknown): void {
    for (const stream of streams) stream.end(error);
  }

  return {
    async open(after, parameter, principal) {
      if (isStopped) throw unavailable('The service is stopping.');
      const bounds = await feed.bounds();
      head = bounds.head;
      const stream = createChangeStream(startPosition(after, bounds, parameter), deps);
      principals.set(stream, principal);
      return stream;
    },
    get count() {
      return streams.size;
    },
    get position() {
      return buffer.position;
    },
    stop() {
      isStopped = true;
      endAll();
    },
  };
}
