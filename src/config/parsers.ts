import { isIP } from 'node:net';
import { resolve } from 'node:path';

/*
 * Parsers of settings. Each returns the parsed value or throws an Error whose message continues the setting's name, such
 * as "must be a host name".
 */

/** The database to use. */
export type DatabaseConfig =
  | { readonly engine: 'sqlite'; readonly file: string; readonly temporary: boolean }
  | {
      readonly engine: 'postgres';
      readonly url: string;
      readonly poolSize: number;
      /** A read replica of the database. */
      readonly replicaUrl?: string;
    };

/** Whether the host is `localhost`, `::1` or in 127.0.0.0/8. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Parses a host name or an IP address. */
export function hostName(value: string): string {
  if (/\s|\//.test(value)) throw new Error(`must be a host name or an address, not ${quoted(value)}`);
  return value;
}

/** Returns a parser of integers from `least` to `most`. */
export function integerBetween(least: number, most: number) {
  return (value: string): number => {
    const number = Number(value);
    if (!/^\d{1,9}$/.test(value) || number < least || number > most) {
      throw new Error(`must be a whole number from ${least} to ${most}, not ${quoted(value)}`);
    }
    return number;
  };
}

/** Returns a parser that yields undefined for an unset value. */
export function optional<Value>(parse: (value: string) => Value) {
  return (value: string): Value | undefined => (value === '' ? undefined : parse(value));
}

/** Returns a parser that accepts one of the choices. */
export function oneOf<Choice extends string>(choices: readonly Choice[]) {
  return (value: string): Choice => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}, not ${quoted(value)}`);
    return choice;
  };
}

/** Returns a parser of a comma-separated list of the choices. */
export function someOf<Choice extends string>(choices: readonly Choice[]) {
  const parse = oneOf(choices);
  return (value: string): readonly Choice[] => [
    ...new Set(value.split(',').map((item) => parse(item.trim()))),
  ];
}

/** Parses a database URL. Errors never quote it, because it may hold a password. */
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

/** Parses the URL of a read replica; undefined if unset. */
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
  // libpq accepts a list of hosts; the driver would resolve it as one name.
  if (/^[^?]*:\/\/([^/?]*@)?[^@/?,]*,[^@/?]*(\/|\?|$)/.test(url)) {
    throw new Error('names several hosts: name the one address that leads to the primary (docs/failover.md)');
  }
  if (!URL.canParse(url)) throw new Error('is not a URL that can be read (encode special characters as %XX)');
}

/** Parses a comma-separated list of origins, or `*`. */
export function origins(value: string): readonly string[] {
  const list = items(value);
  const wrong = list.find(
    (origin) => origin !== '*' && (!URL.canParse(origin) || new URL(origin).origin !== origin),
  );
  if (wrong !== undefined) throw new Error(`must list origins such as scheme://host, not ${quoted(wrong)}`);
  return list;
}

/** The trusted proxies: how many there are, or their addresses and networks. */
export type TrustedProxies = number | readonly string[];

/** Parses the trusted proxies: a number, or a comma-separated list of addresses and networks. */
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

function items(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}

/** Quotes a value for an error message, cut to 60 characters. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

/** Returns a parser of a file that is required if the setting `other` is set. */
export function fileBeside<Name extends string>(other: Name, isSet: (name: Name) => boolean) {
  return (value: string): string => {
    if (value.endsWith('/')) throw new Error(`must name a file, not ${quoted(value)}`);
    if (value === '' && isSet(other)) throw new Error(`must be set, because ${other} is`);
    return value && resolve(value);
  };
}
