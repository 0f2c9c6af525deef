import { randomBytes } from 'node:crypto';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import type { Cleanup } from '../support/cleanup.ts';
import type { PostgresPair } from '../support/postgres-pair.ts';
import { startTestService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

/** Starts a service on a new database of a pair, at an address that can be redirected to the other server. */
export async function startPairService(
  cleanup: Cleanup,
  pair: PostgresPair,
  environment: Readonly<Record<string, string>>,
) {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await pair.primary.run(`CREATE DATABASE ${name}`);
  /** On the current primary. */
  const databaseUrl = (node = pair.primary) => node.url.replace(/\/postgres$/, `/${name}`);
  await migrate(loadConfig({ DATABASE_URL: databaseUrl() }).database);
  const proxy = await startTcpProxy(cleanup, databaseUrl());
  const throughProxy = proxy.through(databaseUrl());
  const another = (more: Readonly<Record<string, string>> = {}) =>
    startTestService(cleanup, {
      engine: 'postgres',
      databaseUrl: throughProxy,
      environment: { ...environment, ...more },
      sweepIntervalMs: 100,
    });
  return { service: await another(), another, proxy, databaseUrl };
}
