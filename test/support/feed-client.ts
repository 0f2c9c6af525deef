import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import type { ChangeEvent } from '../../src/contract/types.ts';
import { afterwards, type Cleanup } from './cleanup.ts';
import { checkItem, checkReply } from './contract-check.ts';
import { eventReader } from './server-sent-events.ts';

const mediaType = 'text/event-stream';
const takeTimeoutMs = 30_000;

interface FollowOptions {
  readonly after?: string;
  readonly lastEventId?: string;
}

/** A client of the event stream, like a browser's EventSource, that checks all it receives. */
export interface FeedClient {
  /** Everything received so far. */
  readonly events: readonly ChangeEvent[];
  readonly lastEventId: string;
  readonly retryMs: number | undefined;
  readonly comments: number;
  readonly headers: Headers;
  /** Waits for this many events in total. */
  received(count: number): Promise<readonly ChangeEvent[]>;
  /** Stops reading until `resume`; what the service sends stays in the sockets. */
  pause(): void;
  resume(): void;
  /** Disconnects abruptly, as a killed client does. */
  leave(): void;
  /** Resolves when the stream is over: whether the service ended it cleanly or it was cut. */
  readonly over: Promise<'ended' | 'cut'>;
}

/** Opens a stream, which must return 200, on its own connection. */
export async function followFeed(
  cleanup: Cleanup,
  serviceUrl: string,
  { after, lastEventId }: FollowOptions = {},
): Promise<FeedClient> {
  const path = `/changes${after === undefined ? '' : `?after=${after}`}`;
  const request = get(serviceUrl + path, {
    agent: false,
    headers: { accept: mediaType, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
  });
  afterwards(cleanup, () => void request.destroy());
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const headers = new Headers(response.headers as Record<string, string>);
  checkReply({ method: 'GET', path, status: response.statusCode ?? 0, headers, bodyText: '' });
  assert.deepEqual([response.statusCode, headers.get('content-type')], [200, mediaType]);

  const reader = eventReader();
  const decoder = new StringDecoder('utf8');
  const events: ChangeEvent[] = [];
  let look = () => {};
  let failure: unknown;
  response.on('data', (bytes: Buffer) => {
    try {
      for (const { id, type, data } of reader.read(decoder.write(bytes))) {
        const event = JSON.parse(data) as ChangeEvent;
        checkItem('GET', path, mediaType, event);
        assert.deepEqual([event.id, event.type], [id, type]);
        events.push(event);
      }
    } catch (error) {
      failure = error;
    }
    look();
  });
  // A cut stream is also an end for those who wait for it.
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  const over = new Promise<'ended' | 'cut'>((resolve) =>
    response.once('close', () => resolve(response.complete ? 'ended' : 'cut')),
  );

  async function received(count: number): Promise<readonly ChangeEvent[]> {
    const enough = new Promise<void>((resolve, reject) => {
      const tooFew = (why: string) =>
        reject(new Error(`${events.length} of ${count} events arrived, and then ${why}.`));
      const timer = setTimeout(tooFew, takeTimeoutMs, 'none in time');
      look = () => {
        if (failure === undefined && events.length < count) return;
        clearTimeout(timer);
        if (failure === undefined) resolve();
        else reject(failure);
      };
      void over.then(() => {
        clearTimeout(timer);
        tooFew('the stream was over');
      });
    });
    look();
    await enough;
    return events;
  }

  return {
    events,
    headers,
    received,
    over,
    get lastEventId() {
      return reader.lastEventId;
    },
    get retryMs() {
      return reader.retryMs;
    },
    get comments() {
      return reader.comments;
    },
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    leave: () => void request.destroy(),
  };
}
