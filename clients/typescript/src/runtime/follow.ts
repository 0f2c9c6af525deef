import type { Operation } from '../operations.ts';
import type { CallOptions } from '../options.ts';
import { sleep } from './deadline.ts';
import { retryDelayMs } from './retry.ts';
import { parseEvents, type ServerSentEvent } from './stream.ts';
import type { Transport } from './transport.ts';

/** The reconnection time when the server sets none; the same as in browsers. */
const defaultRetryMs = 2000;

/**
 * Follows an event stream over reconnections. Yields each event once and in order until the signal is aborted, the
 * caller leaves the loop, or a request is refused for good.
 */
export async function* followEvents<Item extends { readonly id: string }>(
  transport: Transport,
  operation: Operation,
  options: CallOptions,
): AsyncGenerator<Item, void, undefined> {
  const { signal, retriesMax = Number.POSITIVE_INFINITY } = options;
  let lastEventId: string | undefined;
  let last: bigint | undefined;
  let retryMs = defaultRetryMs;
  for (let failures = 0; ; ) {
    try {
      for await (const event of connect(transport, operation, { ...options, retriesMax: 0 }, lastEventId)) {
        failures = 0;
        lastEventId = event.lastEventId ?? lastEventId;
        retryMs = event.retryMs ?? retryMs;
        if (event.data === undefined) continue;
        const item = JSON.parse(event.data) as Item;
        // Delivery is at least once: an event may be repeated after a reconnection.
        const position = BigInt(item.id);
        if (last !== undefined && position <= last) continue;
        last = position;
        yield item;
      }
      // The service ended the stream because it stops. Spread the reconnections of its clients.
      await sleep(Math.random() * retryMs, signal);
    } catch (failure) {
      failures += 1;
      const attempted = { attempts: failures, retriesMax, isRepeatable: true, isReplayable: true };
      const delayMs = retryDelayMs(failure, attempted);
      if (delayMs === undefined) throw failure;
      await sleep(delayMs, signal);
    }
  }
}

function connect(
  transport: Transport,
  operation: Operation,
  options: CallOptions,
  lastEventId: string | undefined,
): AsyncIterable<ServerSentEvent> {
  const resumed = lastEventId === undefined ? options : { ...options, lastEventId };
  return transport.stream(operation, { options: resumed, accept: 'text/event-stream' }, parseEvents);
}
