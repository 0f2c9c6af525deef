import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { Failure } from '../domain/failures.ts';
import { type EntityTag, matchesWeakly, type TagCondition } from '../domain/preconditions.ts';

/** RFC 9110 section 8.8.3: `entity-tag = [ weak ] opaque-tag`, `etagc = %x21 / %x23-7E / obs-text`. */
const entityTagPattern = /^(W\/)?("[\x21\x23-\x7e\x80-\xff]*")$/;

/** One tag of a list with what follows it: optional white space, then a comma or the end. */
const listElement = /[ \t]*(?:((?:W\/)?"[^"]*")[ \t]*)?(?:,|$)/y;

/**
 * Reads If-Match or If-None-Match: `*` or a list of entity tags (RFC 9110 sections 13.1.1 and 13.1.2).
 * @throws Failure `malformed_request` for anything else.
 */
export function parseTagCondition(name: string, value: string | undefined): TagCondition | undefined {
  if (value === undefined) return undefined;
  if (value.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  listElement.lastIndex = 0;
  while (listElement.lastIndex < value.length) {
    const tag = listElement.exec(value);
    if (!tag) throw malformed(name);
    // RFC 9110 section 5.6.1.2: a recipient must take empty list elements.
    if (tag[1] !== undefined) tags.push(parseTag(name, tag[1]));
  }
  if (tags.length === 0) throw malformed(name);
  return tags;
}

/** Whether a GET is answered 304: the caller has this very representation. */
export function isNotModified(ifNoneMatch: TagCondition | undefined, currentTag: string): boolean {
  return ifNoneMatch !== undefined && matchesWeakly(ifNoneMatch, currentTag);
}

function parseTag(name: string, text: string): EntityTag {
  const parts = entityTagPattern.exec(text);
  if (!parts?.[2]) throw malformed(name);
  return { weak: parts[1] !== undefined, opaqueTag: parts[2] };
}

function malformed(name: string): Failure {
  const detail = 'must be * or a list of entity tags in double quotes, such as "3"';
  return new Failure('malformed_request', `The header ${name} ${detail}.`, {
    errors: [{ parameter: name, detail }],
  });
}

/**
 * For the browser that a reply may end up in: the headers of the OWASP REST security cheat sheet. Left out are
 * X-Frame-Options, which `frame-ancestors` took the place of, and Permissions-Policy, which is about pages.
 */
const always = Object.freeze({
  /** A customer is personal data. What a cache may keep says so itself: see the handlers that read. */
  'Cache-Control': 'no-store',
  /** Opened as a page, a reply runs nothing, loads nothing and cannot be framed. */
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  /** No page of another site embeds a reply. What CORS lets in is not touched by it. */
  'Cross-Origin-Resource-Policy': 'same-origin',
  /** A query may hold an email address: no link from a reply that a browser shows tells it on. */
  'Referrer-Policy': 'no-referrer',
  /** The media type is meant. */
  'X-Content-Type-Options': 'nosniff',
});

/** Two years, and for this host alone: what other hosts of the domain do is not ours to say. */
const overTls = Object.freeze({ ...always, 'Strict-Transport-Security': 'max-age=63072000' });

/** What every reply on this connection begins with; whoever writes it may put another value in its place. */
export function securityHeaders(socket: Duplex): Readonly<Record<string, string>> {
  // Over plain HTTP a browser ignores Strict-Transport-Security: behind a proxy it is the proxy's to send.
  return (socket as Partial<TLSSocket>).encrypted ? overTls : always;
}
