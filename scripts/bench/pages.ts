/** Requests for different pages. Cursors are each server's own, so that they are collected from each. */
import type { LoadRequest } from './load.ts';
import type { Server } from './servers.ts';

/** Walks from a first page through so many: a request for each of them. */
export async function pagesOf(server: Server, firstPath: string, count: number): Promise<LoadRequest[]> {
  const requests: LoadRequest[] = [];
  let path: string | undefined = firstPath;
  while (path !== undefined && requests.length < count) {
    requests.push({ method: 'GET', path });
    const reply: Response = await fetch(server.url + path, { headers: server.headers });
    if (!reply.ok) throw new Error(`${server.name} answered ${reply.status} for ${path}.`);
    const { nextCursor } = (await reply.json()) as { readonly nextCursor: string | null };
    path = nextCursor === null ? undefined : `${firstPath}&cursor=${encodeURIComponent(nextCursor)}`;
  }
  return requests;
}
