import { isIP } from 'node:net';
import { resolve } from 'node:path';

/**
 * Parsers of settings. Each takes what was written and returns what it means, or throws an Error whose message
 * goes on from the setting's name.
 */

export type DatabaseConfig =
  | { readonly engine: 'sqlite'; readonly file: string; readonly temporary: boolean }
  | {
      readonly engine: 'postgres';
      readonly url: string;
      readonly poolSize: number;
      /** A read replica of it. */
      readonly replicaUrl?: string;
    };

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

export function hostName(value: string): string {
  if (/\s|\//.test(value)) throw new Error(`must be a host name or an address, not ${quoted(value)}`);
  return value;
}

export function integerBetween(least: number, most: number) {
  return (value: string): number => {
    const number = Number(value);
    if (!/^\d{1,9}$/.test(value) || number < least || number > most) {
      throw new Error(`must be a whole number from ${least} to ${most}, not ${quoted(value)}`);
    }
    return number;
  };
}

/** Nothing where it is not set. */
export function optional<Value>(parse: (value: string) => Value) {
  return (value: string): Value | undefined => (value === '' ? undefined : parse(value));
}

export function oneOf<Choice extends string>(choices: readonly Choice[]) {
  return (value: string): Choice => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}, not ${quoted(value)}`);
    return choice;
  };
}

/** One or more of these, comma-separated. */
export function someOf<Choice extends string>(choices: readonly Choice[]) {
  const parse = oneOf(choices);
  return (value: string): readonly Choice[] => [
    ...new Set(value.split(',').map((item) => parse(item.trim()))),
  ];
}

/** The value is never quoted: it may hold a password. */
export function databaseAt(url: string, poolSize: number, replicaUrl?: string): DatabaseConfig {
  if (replicaUrl !== undefined && url.startsWith('sqlite:')) {
    throw new Error(
      'must begin with postgres:// because DATABASE_REPLICA_URL is set: SQLite has no replicas',
    );
  }
  if (url === 'sqlite::memory:') return { engine: 'sqlite', file: '', temporary: true };
  if (url.startsWith('sqlite:')) {
    const file = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
    if (file === '' || file.endsWith('/') || file.startsWith('//')) {
      throw new Error('must name a file after sqlite:');
    }
    return { engine: 'sqlite', file: resolve(file), temporary: false };
  }
  if (!isPostgres(url)) throw new Error('must begin with sqlite: or postgres://');
  checkReadable(url);
  return { engine: 'postgres', url, poolSize, ...(replicaUrl === undefined ? {} : { replicaUrl }) };
}

/** Where a read replica is; undefined where there is none. */
export function replicaAt(url: string): string | undefined {
  if (url === '') return undefined;
  if (!isPostgres(url)) throw new Error('must begin with postgres://');
  checkReadable(url);
  return url;
}

function isPostgres(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url);
}

function checkReadable(url: string): void {
  // As libpq takes it. The driver does not, and would look up a host with a comma in its name.
  if (/^[^?]*:\/\/([^/?]*@)?[^@/?,]*,[^@/?]*(\/|\?|$)/.test(url)) {
    throw new Error('names several hosts: name the one address that leads to the primary (docs/failover.md)');
  }
  if (!URL.canParse(url)) throw new Error('is not a URL that can be read (encode special characters as %XX)');
}

export function origins(value: string): readonly string[] {
  const list = items(value);
  const wrong = list.find(
    (origin) => origin !== '*' && (!URL.canParse(origin) || new URL(origin).origin !== origin),
  );
  if (wrong !== undefined) throw new Error(`must list origins such as scheme://host, not ${quoted(wrong)}`);
  return list;
}

/** Nobody, or a number of proxies, or the addresses and networks that they have. */
export type TrustedProxies = number | readonly string[];

export function trustedProxies(value: string): TrustedProxies {
  if (/^\d+$/.test(value)) return integerBetween(0, 10)(value);
  const list = items(value);
  const wrong = list.find((network) => !isNetwork(network));
  if (wrong !== undefined) {
    throw new Error(`must be a number of proxies or list addresses and networks, not ${quoted(wrong)}`);
  }
  return list;
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const bitsMax = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (bits === undefined) return bitsMax > 0;
  return rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax;
}

/** The items of a comma-separated list. */
function items(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}

export function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

/** A file that makes sense only when another setting names the other half. */
export function fileBeside<Name extends string>(other: Name, isSet: (name: Name) => boolean) {
  return (value: string): string => {
    if (value.endsWith('/')) throw new Error(`must name a file, not ${quoted(value)}`);
    if (value === '' && isSet(other)) throw new Error(`must be set, because ${other} is`);
    return value && resolve(value);
  };
}
