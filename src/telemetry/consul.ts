import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { ConsulConfig } from '../config/consul.ts';
import type { Log } from './log.ts';

/** The instance to register. */
export interface Instance {
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** Rejects while the instance cannot serve. */
  checkReady(): Promise<void>;
}

/** A running registration. */
export interface Registration {
  /** Deregisters the instance. Never rejects. */
  stop(): Promise<void>;
}

/** Dependencies of {@link startRegistration}. */
export interface RegistrationOptions {
  readonly log: Log;
  /** How often the instance's health is reported. */
  readonly intervalMs: number;
}

/** The agent marks an instance as critical after this long without a heartbeat: three and a half intervals. */
const checkTtlSeconds = 18;
/** The agent removes an instance after this long in critical state. */
const forgottenAfter = '10m';
const callTimeoutMs = 2000;

/**
 * Registers the instance in Consul with a TTL check, and sends heartbeats. The agent never has to reach the instance.
 * While the agent is unavailable the service keeps running, and each heartbeat retries the registration.
 */
export function startRegistration(
  options: ConsulConfig,
  instance: Instance,
  { log, intervalMs }: RegistrationOptions,
): Registration {
  // Stable across restarts, so that it replaces the registration that a crash left behind.
  const id = `${options.serviceName}-${hostname()}-${instance.port}`;
  const checkId = `service:${id}`;
  let registered = false;
  let healthy: boolean | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let beating = beat();

  async function beat(): Promise<void> {
    try {
      const status = await statusOf(instance);
      if (stopped) return;
      if (!registered || !(await update(status))) await register(status);
      if (healthy !== true) log.info({}, 'registered in Consul');
      healthy = true;
    } catch (error) {
      registered = false;
      if (healthy !== false)
        log.warn({ err: error }, 'cannot register with Consul or report health; retrying');
      healthy = false;
    }
    if (stopped) return;
    timer = setTimeout(() => {
      beating = beat();
    }, intervalMs).unref();
  }

  async function register(status: Status): Promise<void> {
    const { serviceName: Name, address: Address } = options;
    const check = {
      TTL: `${checkTtlSeconds}s`,
      Status: status,
      DeregisterCriticalServiceAfter: forgottenAfter,
    };
    const body = {
      ...{ ID: id, Name, Port: instance.port, Meta: { scheme: instance.scheme } },
      ...(Address === '' ? {} : { Address }),
      Check: { CheckID: checkId, Name: 'the instance is ready', ...check },
    };
    const { ok, status: code } = await call(options, 'service/register?replace-existing-checks=true', body);
    if (!ok) throw new Error(`The agent answered the registration with ${code}.`);
    registered = true;
  }

  /** Sends a heartbeat. Resolves to false if the agent does not know the check, for example after its restart. */
  async function update(Status: Status): Promise<boolean> {
    return (await call(options, `check/update/${encodeURIComponent(checkId)}`, { Status })).ok;
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      // A readiness check that hangs must not delay the shutdown.
      await Promise.race([beating, pause(callTimeoutMs, undefined, { ref: false })]);
      if (!registered) return;
      await call(options, `service/deregister/${encodeURIComponent(id)}`, undefined).catch((error: unknown) =>
        log.warn({ err: error }, 'cannot deregister from Consul'),
      );
    },
  };
}

type Status = 'passing' | 'critical';

async function statusOf(instance: Instance): Promise<Status> {
  return instance.checkReady().then(
    () => 'passing',
    () => 'critical',
  );
}

async function call({ agentUrl, token }: ConsulConfig, path: string, body: unknown): Promise<Response> {
  const response = await fetch(`${agentUrl}/v1/agent/${path}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', ...(token === '' ? {} : { 'X-Consul-Token': token }) },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(callTimeoutMs),
    redirect: 'error',
  });
  await response.arrayBuffer();
  return response;
}
