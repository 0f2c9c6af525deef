/** The service and its PostgreSQL peer on one server: ours in one schema, the peer's one table in another. */
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { type PostgresCluster, startPostgresCluster } from '../../test/support/postgres-cluster.ts';
import { createApiKey, runPeer } from './databases.ts';
import { fillTo } from './fill.ts';
import { assertDoesTheWork } from './honesty.ts';
import { progress } from './progress.ts';
import { type Server, startPeer, startService } from './servers.ts';

/** The server of `npm test`, made for the run and removed after it. */
export async function startPostgres(customers: number): Promise<PostgresCluster> {
  progress('starting PostgreSQL');
  const cluster = await startPostgresCluster();
  await migrate(loadConfig({ DATABASE_URL: cluster.url }).database);
  await fillTo(cluster.url, customers, (done) => progress(`filling PostgreSQL: ${done} of ${customers}`));
  return cluster;
}

/** The service first. */
export async function startOnPostgres({ url }: PostgresCluster): Promise<readonly Server[]> {
  progress('copying the table of the PostgreSQL peer, starting the servers');
  await runPeer('postgres-copy.js', [url]);
  const service = await startService('service-postgres', url, await createApiKey(url), 'service');
  const servers = [service, await startPeer('fastify-pg', 'fastify-postgres.js', url)];
  for (const server of servers) await assertDoesTheWork(server, { feed: server === service });
  return servers;
}
