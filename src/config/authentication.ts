import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isLoopback, quoted, someOf } from './parsers.ts';

/** `off`: whoever reaches the port may do everything. Else the kinds of credentials that are taken. */
export type AuthenticationConfig =
  | 'off'
  | { readonly keys: boolean; readonly tokens: TokenConfig | undefined };

/** What a JWT must be to be taken. */
export interface TokenConfig {
  readonly issuer: string;
  readonly audience: string;
  /** Where the issuer's key set is: `file:`, `https:`, or `http:` on this machine. */
  readonly keysUrl: string;
  readonly algorithms: readonly string[];
  /** In lower case, without `application/`. */
  readonly types: readonly string[];
  readonly leewaySeconds: number;
}

/** Asymmetric only: with a shared secret whoever can verify a token can make one. */
export const algorithms = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
];

export const tokenTypes = ['at+jwt', 'JWT'] as const;

/** Without credentials only this machine may be let in, unless the operator says so by name. */
export function credentialKinds(host: string) {
  const kinds = someOf(['keys', 'jwt']);
  return (value: string): 'off' | readonly ('keys' | 'jwt')[] => {
    if (value === 'off' || (value === '' && isLoopback(host))) return 'off';
    if (value === '') throw new Error(`must be set, because HOST=${host} lets other machines in`);
    try {
      return kinds(value);
    } catch {
      throw new Error(`must be off or some of keys, jwt, not ${quoted(value)}`);
    }
  };
}

/** What AUTH=jwt cannot do without. */
export function needed(value: string): string {
  if (value === '') throw new Error('must be set, because AUTH has jwt');
  return value;
}

/** A plain http URL is refused but for this machine: whoever is on the way could put their own keys in. */
export function keySetUrl(value: string): string {
  needed(value);
  if (!/^\w[\w+.-]+:/.test(value)) return pathToFileURL(resolve(value)).href;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const local = url?.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
  const secure = url?.protocol === 'https:' || url?.protocol === 'file:';
  if (!url || !(local || secure)) throw new Error(`must be a file or an https URL, not ${quoted(value)}`);
  if (url.username || url.password) throw new Error('must not hold a user name or a password');
  return url.href;
}

export function lowerCased<Choice extends string>(parse: (value: string) => readonly Choice[]) {
  return (value: string): readonly string[] => parse(value).map((choice) => choice.toLowerCase());
}
