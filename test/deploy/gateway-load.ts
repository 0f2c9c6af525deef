import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway, Reply } from './gateway-process.ts';

/** Workers that each send requests of these kinds one by one until the end. */
export interface Load {
  /** Resolves after this many more responses; rejects after a timeout. */
  more(count: number): Promise<void>;
  end(): Promise<Tally>;
}

export interface Tally {
  readonly answered: number;
  /** Failed requests that could have been retried. */
  readonly failures: readonly string[];
  /** Names of customers whose keyed creation was acknowledged. */
  readonly acknowledged: readonly string[];
}

/** GET, DELETE and, with bodies, PUT and keyed POST: the requests a gateway may retry. */
export type Kind = 'list' | 'get' | 'post' | 'put';

const moreTimeoutMs = 60_000;

export function startLoad(
  gateway: Gateway,
  headers: Record<string, string>,
  kinds: readonly Kind[],
  workers = 4,
): Load {
  const failures: string[] = [];
  const acknowledged: string[] = [];
  let answered = 0;
  let ended = false;
  let waiting: { readonly at: number; readonly resolve: () => void } | undefined;

  async function one(kind: Kind, name: string, path: string): Promise<Reply> {
    const body = JSON.stringify({ name });
    if (kind === 'list') return gateway.call('GET', '/customers?limit=5', headers);
    if (kind === 'get') return gateway.call('GET', path, headers);
    if (kind === 'put') return gateway.call('PUT', path, headers, body);
    const reply = await gateway.call('POST', '/customers', { ...headers, 'Idempotency-Key': name }, body);
    if (reply.status === 201) acknowledged.push(name);
    return reply;
  }

  async function work(worker: number): Promise<void> {
    const first = await gateway.call('POST', '/customers', headers, '{"name":"The worker\'s own"}');
    const path = String(first.headers.location);
    for (let turn = 0; !ended; turn++) {
      const kind = kinds[turn % kinds.length] as Kind;
      const reply = await one(kind, `load-${worker}-${turn}`, path).catch((error: Error) => error);
      answered += 1;
      // Leaves some CPU for starting instances.
      await delay(5);
      if (reply instanceof Error) failures.push(`${kind}: ${reply.message}`);
      else if (reply.status !== (kind === 'post' ? 201 : 200))
        failures.push(`${kind}: ${reply.status} ${reply.text}`);
      if (waiting && answered >= waiting.at) waiting.resolve();
    }
  }

  const all = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return {
    more: (count) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`only ${answered} responses`)), moreTimeoutMs);
        waiting = { at: answered + count, resolve: () => resolve(clearTimeout(timer)) };
      }),
    async end() {
      ended = true;
      await all;
      return { answered, failures, acknowledged };
    },
  };
}
