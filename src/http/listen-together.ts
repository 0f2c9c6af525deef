import type { Server } from 'node:http';
import type { Metrics } from '../operations/metrics.ts';
import { type ListenAddress, listen } from './listening.ts';
import { type MetricsServer, startMetricsServer } from './metrics-server.ts';

/**
 * Listens for requests, and for scrapes where those have an address of their own. That one comes first: the service
 * is not seen to listen before everything does.
 */
export async function listenTogether(
  server: Server,
  address: ListenAddress,
  metricsAddress: ListenAddress | undefined,
  metrics: Metrics,
): Promise<MetricsServer | undefined> {
  const metricsServer = metricsAddress && (await startMetricsServer(metricsAddress, metrics));
  try {
    await listen(server, address);
    return metricsServer;
  } catch (error) {
    await metricsServer?.stop();
    throw error;
  }
}
