/**
 * Sends requests at a fixed rate, independently of the responses (an open loop): a closed loop slows down
 * with the service and never overloads it. Runs as a separate process, so that the load does not slow down
 * the generator. Each line of its input is an offer, each line of its output the figures.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

export type Kind = 'pointRead' | 'list' | 'write';

export interface Offer {
  readonly url: string;
  readonly customerId: string;
  /** Percentage of requests of each kind. */
  readonly shares: Readonly<Record<Kind, number>>;
  readonly durationMs: number;
  /** Responses count only after this time, once the queues have filled. */
  readonly warmUpMs: number;
  /** How long a client waits; a later response is useless. */
  readonly patienceMs: number;
  /** Requests per second; absent for clients that each wait for their response. */
  readonly ratePerSecond?: number;
  readonly clients?: number;
}

export interface Figures {
  /** Successful responses in time, per second. */
  readonly goodput: number;
  readonly served: Readonly<Record<Kind, number>>;
  readonly refused: Readonly<Record<Kind, number>>;
  /** 503 without a valid Retry-After. */
  readonly refusedBadly: number;
  /** No response in time. */
  readonly late: number;
  readonly otherwise: number;
  readonly servedMedianMs: number;
  readonly refusedMedianMs: number;
  readonly refusedP99Ms: number;
}

const kinds: readonly Kind[] = ['pointRead', 'list', 'write'];
const tickMs = 5;

async function offer(plan: Offer): Promise<Figures> {
  const { url, customerId, shares, durationMs, warmUpMs, patienceMs, ratePerSecond, clients = 0 } = plan;
  const agent = new Agent({ keepAlive: true, maxSockets: 4000 });
  const served = { pointRead: 0, list: 0, write: 0 };
  const refused = { pointRead: 0, list: 0, write: 0 };
  const servedMs: number[] = [];
  const refusedMs: number[] = [];
  let [refusedBadly, late, otherwise, sent] = [0, 0, 0, 0];
  const startedAt = performance.now();

  /** Cycles through the kinds, so that every run sends the same. */
  function nextKind(): Kind {
    const place = (sent++ * 37) % 100;
    if (place < shares.pointRead) return 'pointRead';
    return place < shares.pointRead + shares.list ? 'list' : 'write';
  }

  function note(kind: Kind, status: number, retryAfter: string | undefined, tookMs: number): void {
    if (performance.now() - startedAt < warmUpMs) return;
    if (status === 200 || status === 201) {
      served[kind]++;
      servedMs.push(tookMs);
    } else if (status === 503) {
      refused[kind]++;
      refusedMs.push(tookMs);
      if (!/^[1-9]\d*$/.test(retryAfter ?? '')) refusedBadly++;
    } else if (status === 0) late++;
    else otherwise++;
  }

  function ask(): Promise<void> {
    const kind = nextKind();
    const began = performance.now();
    return new Promise((resolve) => {
      const end = (status: number, retryAfter?: string) => {
        clearTimeout(timer);
        note(kind, status, retryAfter, performance.now() - began);
        resolve();
      };
      const path = kind === 'pointRead' ? `/customers/${customerId}` : '/customers';
      const method = kind === 'write' ? 'POST' : 'GET';
      const body = kind === 'write' ? JSON.stringify({ name: randomUUID() }) : undefined;
      const headers = body ? { 'content-type': 'application/json', 'content-length': body.length } : {};
      const sending = request(url + path, { agent, method, headers }, (reply) => {
        reply.resume();
        reply.once('end', () => end(reply.statusCode ?? 0, reply.headers['retry-after']));
      });
      sending.once('error', () => end(0));
      const timer = setTimeout(() => sending.destroy(new Error('late')), patienceMs);
      sending.end(body);
    });
  }

  const over = () => performance.now() - startedAt >= durationMs;
  const asked: Promise<void>[] = [];
  if (ratePerSecond === undefined) {
    const client = async () => {
      while (!over()) await ask();
    };
    await Promise.all(Array.from({ length: clients }, client));
  } else {
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const due = ((performance.now() - startedAt) / 1000) * ratePerSecond;
        while (asked.length < due) asked.push(ask());
        if (!over()) return;
        clearInterval(timer);
        resolve();
      }, tickMs);
    });
    // Requests still in progress belong to the same load.
    await Promise.race([Promise.all(asked), new Promise((resolve) => setTimeout(resolve, patienceMs))]);
  }
  const countedMs = performance.now() - startedAt - warmUpMs;
  agent.destroy();
  const all = kinds.reduce((sum, kind) => sum + served[kind], 0);
  return {
    goodput: (all / countedMs) * 1000,
    served,
    refused,
    refusedBadly,
    late,
    otherwise,
    servedMedianMs: quantile(servedMs, 0.5),
    refusedMedianMs: quantile(refusedMs, 0.5),
    refusedP99Ms: quantile(refusedMs, 0.99),
  };
}

function quantile(values: number[], share: number): number {
  values.sort((one, other) => one - other);
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await offer(JSON.parse(line) as Offer))}\n`);
  }
  process.exit(0);
}
