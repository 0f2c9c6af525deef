import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterwards, type Cleanup } from '../support/cleanup.ts';

/** A registration, as in the documented API. */
export interface RegisteredService {
  readonly ID: string;
  readonly Name: string;
  readonly Address?: string;
  readonly Port: number;
  readonly Meta: Readonly<Record<string, string>>;
  readonly Check: {
    readonly CheckID: string;
    readonly TTL: string;
    Status: string;
    readonly DeregisterCriticalServiceAfter: string;
  };
}

/** A fake that follows the documented HTTP API of a Consul agent, because the tests cannot install Consul. */
export interface ConsulAgent {
  readonly port: number;
  readonly services: Map<string, RegisteredService>;
  /** Calls in order, such as `register`, with the status of each. */
  readonly calls: string[];
  stop(): Promise<void>;
}

/** @param token if given, requests without it return 403. */
export async function startConsulAgent(cleanup: Cleanup, port = 0, token = ''): Promise<ConsulAgent> {
  const services = new Map<string, RegisteredService>();
  const calls: string[] = [];
  const server: Server = createServer(async (request, response) => {
    const [status, name] = await answer(request, services, token);
    calls.push(`${name} ${status}`);
    response.writeHead(status).end();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close().closeAllConnections();
    await closed;
  };
  afterwards(cleanup, stop);
  return { port: (server.address() as { port: number }).port, services, calls, stop };
}

async function answer(
  request: IncomingMessage,
  services: Map<string, RegisteredService>,
  token: string,
): Promise<[status: number, name: string]> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://agent');
  const [, kind = '', verb = '', id = ''] = /^\/v1\/agent\/(\w+)\/(\w+)\/?(.*)$/.exec(pathname) ?? [];
  const name = `${kind}/${verb}`;
  if (request.method !== 'PUT') return [405, name];
  if (token && request.headers['x-consul-token'] !== token) return [403, name];
  switch (name) {
    case 'service/register': {
      const service = (await json(request)) as RegisteredService;
      const ttl = /^\d+s$/.test(service.Check.TTL) && searchParams.get('replace-existing-checks') === 'true';
      if (!service.Name || !ttl) return [400, name];
      services.set(service.ID, service);
      return [200, name];
    }
    case 'check/update': {
      const { Status } = (await json(request)) as { Status: string };
      const service = [...services.values()].find(({ Check }) => Check.CheckID === decodeURIComponent(id));
      if (!service) return [404, name];
      if (!['passing', 'warning', 'critical'].includes(Status)) return [400, name];
      service.Check.Status = Status;
      return [200, name];
    }
    case 'service/deregister':
      return [services.delete(decodeURIComponent(id)) ? 200 : 404, name];
    default:
      return [404, name];
  }
}
