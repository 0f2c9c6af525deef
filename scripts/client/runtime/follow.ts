import { sleep } from './deadline.ts';
import { parseEvents, type StreamedEvent } from './event-stream.ts';
import type { CallOptions, Operation } from './operation.ts';
import { retryDelayMs } from './retry.ts';
import type { Transport } from './transport.ts';

const eventStream = 'text/event-stream';

/** What a server that names no other wait means, as browsers take it. */
const defaultRetryMs = 2000;

/**
 * An event stream without end: each event once and in order, over as many connections as it takes. It ends by its
 * signal, by leaving the loop, or with a refusal that no waiting mends.
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
        // Delivery is at least once: after a reconnection an event may come again.
        const position = BigInt(item.id);
        if (last !== undefined && position <= last) continue;
        last = position;
        yield item;
      }
      // Ended in order, as a service does that stops. All its clients come back, and not all at once.
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
): AsyncIterable<StreamedEvent> {
  const resumed = lastEventId === undefined ? options : { ...options, lastEventId };
  return transport.stream(operation, { options: resumed, accept: eventStream }, parseEvents);
}
