import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

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
