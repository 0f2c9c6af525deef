import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { type AddressInfo, createServer as createProbe } from 'node:net';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Rejects as {@link listen} would. */
export async function checkAddress({ host, port }: ListenAddress): Promise<void> {
  const probe = createProbe();
  probe.listen({ host, port });
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}

/** Rejects with the server's own error, such as EADDRINUSE. */
export async function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
}

export function schemeOf(server: Server): 'http' | 'https' {
  return server instanceof HttpsServer ? 'https' : 'http';
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Such as `http://127.0.0.1:8080`. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `${schemeOf(server)}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
