/** Measures servers side by side, in turns: A B C, A B C. What the machine does meanwhile then hits all of them. */
import { type LoadRequest, type LoadResult, putLoad } from './load.ts';
import { headersFor, type OperationName, requestsOn } from './operations.ts';
import { cpuTimeUs } from './process-figures.ts';
import type { Server } from './servers.ts';

/** One turn of one server. */
export interface Turn extends LoadResult {
  /** CPU time of the server's process for each request, in microseconds. */
  readonly cpuUs: number;
  readonly perSecond: number;
}

/** All turns of each server by its name; those of one round have the same place. */
export type Turns = Readonly<Record<string, readonly Turn[]>>;

export interface TurnsOptions {
  readonly customers: number;
  readonly rounds: number;
  readonly seconds: number;
  /** How long a server is warmed up: code is compiled after some ten thousand requests. */
  readonly warmUpSeconds: number;
  readonly connections: number;
  readonly tell: (round: number, server: string) => void;
}

/** There are fewer writes a second, and as many have to come before their code is compiled: on all servers alike. */
const writeWarmUpFactor = 3;

function isWrite(operation: OperationName): boolean {
  return operation === 'post' || operation === 'post-keyed' || operation === 'patch';
}

export async function measureInTurns(
  operation: OperationName,
  servers: readonly Server[],
  { customers, rounds, seconds, warmUpSeconds, connections, tell }: TurnsOptions,
): Promise<Turns> {
  const requests = new Map<Server, readonly LoadRequest[]>();
  for (const server of servers) requests.set(server, await requestsOn(server, operation, customers));
  const turns: Record<string, Turn[]> = Object.fromEntries(servers.map(({ name }) => [name, []]));
  const warmUp = isWrite(operation) ? warmUpSeconds * writeWarmUpFactor : warmUpSeconds;
  // The round before the first one warms up: code is compiled, pages are in the caches.
  for (let round = 0; round <= rounds; round += 1) {
    for (const server of servers) {
      tell(round, server.name);
      const headers = { ...headersFor(operation), ...server.headers };
      const before = cpuTimeUs(server.pid);
      const load = {
        requests: requests.get(server) ?? [],
        headers,
        connections,
        seconds: round === 0 ? warmUp : seconds,
      };
      const result = await putLoad(server.url, load);
      const cpuUs = (cpuTimeUs(server.pid) - before) / result.requests;
      const perSecond = (result.requests / result.durationUs) * 1e6;
      if (round > 0) turns[server.name]?.push({ ...result, cpuUs, perSecond });
    }
  }
  return turns;
}
