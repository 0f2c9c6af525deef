import { quoted } from './parsers.ts';

/** The Consul agent to register with, and what to register. */
export interface ConsulConfig {
  /** Such as `http://127.0.0.1:8500`. */
  readonly agentUrl: string;
  /** An ACL token; empty where the agent asks for none. */
  readonly token: string;
  readonly serviceName: string;
  /** The address at which others reach this instance; empty for the agent's own. */
  readonly address: string;
}

/** Parses the agent's address as Consul's tools do: a URL, or a host and port. */
export function consulAgent(value: string): string {
  if (value === '') return '';
  const text = /^https?:\/\//.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.pathname !== '/' || url.search || url.hash || url.username || url.password) {
    throw new Error('must be an http or https URL without a path, or a host and port');
  }
  return url.origin;
}

/** Parses the ACL token. Errors never quote it. */
export function consulToken(value: string): string {
  if (!/^[\x21-\x7e]*$/.test(value)) throw new Error('must be visible ASCII without spaces');
  return value;
}

/** Parses the service's name, which Consul also publishes in DNS. */
export function serviceName(value: string): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(value)) {
    throw new Error(`must be 1 to 63 letters, digits and hyphens, not ${quoted(value)}`);
  }
  return value;
}
