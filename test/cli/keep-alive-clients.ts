import { randomUUID } from 'node:crypto';
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, request } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

/** Results of clients that keep their connections alive and honour `Connection: close`. */
export interface Outcomes {
  complete: number;
  /** Responses that broke off. */
  cut: number;
  /** Requests without a response on an active connection that had received no `Connection: close`. */
  dropped: number;
  /** Requests without a response on a new connection: refused, or closed before anything was read. */
  turnedAway: number;
  /** The same on a connection that was idle for longer than the keep-alive timeout. */
  hungUpIdle: number;
  /** Customers of writes without a response: none may be stored. */
  readonly unanswered: string[];
  /** Customers of acknowledged writes: all must be stored. */
  readonly acknowledged: string[];
}

/** Longer than the service needs to detect an idle connection. */
const idleMs = 150;

/** Each client sends one request after another until the service is gone. Resolves when all have stopped. */
export function runKeepAliveClients(
  url: string,
  count: number,
): { readonly outcomes: Outcomes; readonly over: Promise<unknown> } {
  const outcomes: Outcomes = {
    complete: 0,
    cut: 0,
    dropped: 0,
    turnedAway: 0,
    hungUpIdle: 0,
    unanswered: [],
    acknowledged: [],
  };
  const clients = Array.from({ length: count }, (_, number) => runClient(url, number, outcomes));
  return { outcomes, over: Promise.all(clients) };
}

async function runClient(url: string, number: number, outcomes: Outcomes): Promise<void> {
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = url.startsWith('https:')
    ? new Agent({ ...options, rejectUnauthorized: false })
    : new PlainAgent(options);
  let gone = false;
  let lastReplyAt = performance.now();
  for (let turn = 0; !gone; turn++) {
    const id = randomUUID();
    const write = (turn + number) % 2 === 0;
    const idleForMs = performance.now() - lastReplyAt;
    const { reused, outcome, status } = await ask(url, agent, write ? id : undefined);
    lastReplyAt = performance.now();
    if (outcome === 'complete') {
      outcomes.complete++;
      if (write && status === 201) outcomes.acknowledged.push(id);
    } else {
      if (write) outcomes.unanswered.push(id);
      if (outcome === 'cut') outcomes.cut++;
      else if (!reused) outcomes.turnedAway++;
      else if (idleForMs > idleMs) outcomes.hungUpIdle++;
      else outcomes.dropped++;
      gone = !reused;
    }
    await pause(number);
  }
  agent.destroy();
}

interface Answer {
  readonly reused: boolean;
  readonly outcome: 'complete' | 'cut' | 'nothing';
  readonly status: number;
}

function ask(url: string, agent: Agent | PlainAgent, id: string | undefined): Promise<Answer> {
  const send = url.startsWith('https:') ? request : plainRequest;
  const path = id === undefined ? '/customers?limit=1' : `/customers/${id}`;
  const method = id === undefined ? 'GET' : 'PUT';
  const headers = id === undefined ? {} : { 'content-type': 'application/json', 'if-none-match': '*' };
  return new Promise((resolve) => {
    const asking = send(url + path, { agent, method, headers }, (reply) => {
      const status = reply.statusCode ?? 0;
      const { reusedSocket: reused } = asking;
      reply.resume();
      reply.once('error', () => undefined);
      reply.once('close', () => resolve({ reused, outcome: reply.complete ? 'complete' : 'cut', status }));
    });
    asking.once('error', () => resolve({ reused: asking.reusedSocket, outcome: 'nothing', status: 0 }));
    asking.end(id === undefined ? undefined : '{"name":"Ada Lovelace"}');
  });
}
