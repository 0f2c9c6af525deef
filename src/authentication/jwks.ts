import { readFile } from 'node:fs/promises';
import { createRemoteJWKSet, customFetch, type FetchImplementation, type RemoteJWKSet } from 'jose';

/** A signing key that the issuer withdraws is refused after this time at the latest, and the token cache's. */
const cacheMaxAgeMs = 5 * 60_000;
/** A token that names an unknown key makes us look for new keys, but not more often than this. */
const cooldownMs = 30_000;
/** After a failure too: tokens with made-up keys must not make us hammer the issuer. */
const failureCooldownMs = 5000;
const fetchTimeoutMs = 3000;
const keySetBytesMax = 512 * 1024;

/**
 * The issuer's keys, from the one place that the settings name. Nothing in a token (`jku`, `x5u`, `jwk`, `x5c`)
 * leads anywhere else. A file is read again like a URL, so that keys can be rotated in it.
 */
export function openKeySet(url: string): RemoteJWKSet {
  return createRemoteJWKSet(new URL(url), {
    cacheMaxAge: cacheMaxAgeMs,
    cooldownDuration: cooldownMs,
    timeoutDuration: fetchTimeoutMs,
    [customFetch]: sparing(url.startsWith('file:') ? readKeyFile : fetchKeys),
  });
}

/** The key set could not be had: that says nothing about a token. */
export class KeySetUnavailable extends Error {}

/** Does not try again soon what has just failed. */
function sparing(load: FetchImplementation): FetchImplementation {
  let failedAt = Number.NEGATIVE_INFINITY;
  return async (url, options) => {
    if (performance.now() - failedAt < failureCooldownMs) {
      throw new KeySetUnavailable('The key set could not be had a moment ago.');
    }
    try {
      return await load(url, options);
    } catch (cause) {
      failedAt = performance.now();
      throw new KeySetUnavailable('The key set cannot be had.', { cause });
    }
  };
}

const readKeyFile: FetchImplementation = async (url) => checked(await readFile(new URL(url), 'utf8'));

const fetchKeys: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  // A redirect is not followed: the settings name the place.
  if (response.status !== 200) throw new Error(`The key set was answered with ${response.status}.`);
  if (Number(response.headers.get('content-length') ?? 0) > keySetBytesMax) throw tooLarge();
  return checked(await response.text());
};

/** A page of some other kind, or half a file, must not take the place of the keys that we have. */
function checked(text: string): Response {
  if (text.length > keySetBytesMax) throw tooLarge();
  const keys: unknown = JSON.parse(text)?.keys;
  if (!Array.isArray(keys) || keys.length === 0) throw new Error('The key set has no keys.');
  return new Response(text);
}

function tooLarge(): Error {
  return new Error(`The key set is larger than ${keySetBytesMax} bytes.`);
}
