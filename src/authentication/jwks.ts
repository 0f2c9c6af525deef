import { readFile } from 'node:fs/promises';
import { createRemoteJWKSet, customFetch, type FetchImplementation, type RemoteJWKSet } from 'jose';

/** A key that the issuer withdraws is refused after at most this time plus that of the token cache. */
const cacheMaxAgeMs = 5 * 60_000;
/** Tokens with an unknown key trigger a reload at most this often. */
const cooldownMs = 30_000;
/** After a failed reload, the next attempt waits at least this long. */
const failureCooldownMs = 5000;
const fetchTimeoutMs = 3000;
const keySetBytesMax = 512 * 1024;

/**
 * Opens the issuer's key set at the configured URL or file. Key references inside tokens (`jku`, `x5u`, `jwk`, `x5c`) are
 * ignored. Files are reread like URLs, so that keys can be rotated.
 */
export function openJwks(url: string): RemoteJWKSet {
  return createRemoteJWKSet(new URL(url), {
    cacheMaxAge: cacheMaxAgeMs,
    cooldownDuration: cooldownMs,
    timeoutDuration: fetchTimeoutMs,
    [customFetch]: withCooldown(url.startsWith('file:') ? readKeyFile : fetchKeys),
  });
}

/** The key set cannot be loaded, so tokens cannot be verified. */
export class JwksUnavailable extends Error {}

/** Fails at once for a while after a failed load. */
function withCooldown(load: FetchImplementation): FetchImplementation {
  let failedAt = Number.NEGATIVE_INFINITY;
  return async (url, options) => {
    if (performance.now() - failedAt < failureCooldownMs) {
      throw new JwksUnavailable('The key set could not be had a moment ago.');
    }
    try {
      return await load(url, options);
    } catch (cause) {
      failedAt = performance.now();
      throw new JwksUnavailable('The key set cannot be had.', { cause });
    }
  };
}

const readKeyFile: FetchImplementation = async (url) => toResponse(await readFile(new URL(url), 'utf8'));

const fetchKeys: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  // Redirects are refused: only the configured URL is trusted.
  if (response.status !== 200) throw new Error(`The key set was answered with ${response.status}.`);
  if (Number(response.headers.get('content-length') ?? 0) > keySetBytesMax) throw tooLarge();
  return toResponse(await response.text());
};

/** Checks the text before it replaces the current keys: an error page or half a file must not. */
function toResponse(text: string): Response {
  if (text.length > keySetBytesMax) throw tooLarge();
  const keys: unknown = JSON.parse(text)?.keys;
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('The key set has no keys.');
  return new Response(text);
}

function tooLarge(): Error {
  return new Error(`The key set is larger than ${keySetBytesMax} bytes.`);
}
