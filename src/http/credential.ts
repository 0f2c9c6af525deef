import type { Request } from 'express';
import type { Refusal } from '../domain/authentication.ts';

/** `Bearer` and a token of RFC 6750 section 2.1: the scheme in any case, one space, nothing else. */
const bearerPattern = /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/i;

const headerName = 'authorization';

/**
 * The credential of a request. It is looked for in the one header only: a token in a URL ends up in logs and
 * histories, so that one there counts for nothing.
 */
export function credentialOf({ headers, rawHeaders }: Request): { token: string } | { refusal: Refusal } {
  const header = headers[headerName];
  if (header === undefined) return missing;
  // Of two Node keeps the first. Somebody on the way may go by the other.
  if (isRepeated(rawHeaders)) return duplicated;
  const token = bearerPattern.exec(header)?.[1];
  return token === undefined ? malformed : { token };
}

function isRepeated(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === headerName.length && name.toLowerCase() === headerName) count += 1;
  }
  return count > 1;
}

const missing = {
  refusal: {
    reason: 'missing',
    detail: 'Send a valid credential as Authorization: Bearer <token>.',
  },
} as const;

const duplicated = {
  refusal: { reason: 'duplicated', detail: 'The request has more than one Authorization header.' },
} as const;

const malformed = {
  refusal: {
    reason: 'malformed',
    detail: 'The Authorization header is not Bearer, a space and a token.',
  },
} as const;
