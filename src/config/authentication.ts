import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isLoopback, quoted, someOf } from './parsers.ts';

/** The accepted kinds of credentials, or `off` to allow everything to every caller. */
export type AuthenticationConfig =
  | 'off'
  | { readonly keys: boolean; readonly tokens: TokenConfig | undefined };

/** The requirements for JWTs. */
export interface TokenConfig {
  readonly issuer: string;
  readonly audience: string;
  /** The issuer's JWKS: a `file:` or `https:` URL, or `http:` on a loopback address. */
  readonly keysUrl: string;
  readonly algorithms: readonly string[];
  /** Accepted `typ` headers, in lower case and without `application/`. */
  readonly types: readonly string[];
  readonly leewaySeconds: number;
}

/** Asymmetric algorithms only: with a shared secret, every verifier could also issue tokens. */
export const algorithms = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
];

/** The supported `typ` headers of a JWT. */
export const tokenTypes = ['at+jwt', 'JWT'] as const;

/** Returns a parser of AUTH. An unset value means `off`, which is allowed only on a loopback host. */
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

/** Parses a setting that AUTH=jwt requires. */
export function needed(value: string): string {
  if (value === '') throw new Error('must be set, because AUTH has jwt');
  return value;
}

/** Parses the location of the key set. Plain http is refused except on loopback: an attacker could replace the keys. */
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

/** Returns a parser whose results are in lower case. */
export function lowerCased<Choice extends string>(parse: (value: string) => readonly Choice[]) {
  return (value: string): readonly string[] => parse(value).map((choice) => choice.toLowerCase());
}
