import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { ConsulConfig } from '../config/consul.ts';
import type { Log } from './log.ts';

export interface Instance {
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** Rejects while the instance cannot serve. */
  checkReady(): Promise<void>;
}

export interface Registration {
  /** Takes the instance out, so that nobody is sent to it any more. Never rejects. */
  stop(): Promise<void>;
}

export interface RegistrationParts {
  readonly log: Log;
  /** How often the agent is told how the instance is. */
  readonly intervalMs: number;
}

/** An agent that hears nothing for so long takes the instance for ill: three beats and a half. */
const checkTtlSeconds = 18;
/** And forgets it, when it was ill for so long. */
const forgottenAfter = '10m';
const callTimeoutMs = 2000;

/**
 * Registers the instance with a TTL check, which needs no way from the agent to the instance, and tells the agent how
 * it is again and again. An agent that is not there, or has forgotten the instance, is told anew with the next beat:
 * the service runs on without it.
 */
export function startRegistration(
  options: ConsulConfig,
  instance: Instance,
  { log, intervalMs }: RegistrationParts,
): Registration {
  // The same after a restart: it takes the place of what a crash has left.
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
        log.warn({ err: error }, 'Consul cannot be told of this instance; it is tried again');
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

  /** False where the agent does not know the check, as after its restart. */
  async function update(Status: Status): Promise<boolean> {
    return (await call(options, `check/update/${encodeURIComponent(checkId)}`, { Status })).ok;
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      // A database that does not answer must not hold up the stop.
      await Promise.race([beating, pause(callTimeoutMs, undefined, { ref: false })]);
      if (!registered) return;
      await call(options, `service/deregister/${encodeURIComponent(id)}`, undefined).catch((error: unknown) =>
        log.warn({ err: error }, 'Consul cannot be told that this instance stops'),
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
