/** Starts the service and the SQLite peers on copies of the same customers. */
import { copyOf, createApiKey, filledFile, minimalCopyOf } from './databases.ts';
import { assertDoesTheWork } from './honesty.ts';
import { progress } from './progress.ts';
import { type Server, startPeer, startService } from './servers.ts';

/** The service first. Each has a database of its own, so that the writes of one do not grow another's. */
export async function startOnSqlite(customers: number): Promise<readonly Server[]> {
  const filled = await filledFile(customers);
  progress('copying the databases, starting the servers');
  const file = copyOf(filled, 'service');
  const service = await startService('service', `sqlite:${file}`, await createApiKey(`sqlite:${file}`));
  const minimal = await minimalCopyOf(filled, 'minimal');
  const servers = [
    service,
    await startPeer('readme', 'readme.js', await minimalCopyOf(filled, 'readme', true)),
    await startPeer('minimal', 'fastify-sqlite.js', minimal),
    await startPeer('equal', 'fastify-sqlite.js', copyOf(filled, 'equal'), { EQUAL: '1' }),
    await startPeer('bare', 'bare.js', await minimalCopyOf(filled, 'bare')),
  ];
  for (const server of servers) {
    await assertDoesTheWork(server, { feed: ['service', 'equal'].includes(server.name) });
  }
  return servers;
}
