import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/**
 * The headers of the OWASP REST Security Cheat Sheet, for a response that ends up in a browser. Omitted:
 * X-Frame-Options, superseded by `frame-ancestors`, and Permissions-Policy, which concerns pages.
 */
const overHttp = Object.freeze({
  /** Customers are personal data. Responses that may be cached override this. */
  'Cache-Control': 'no-store',
  /** A response opened as a page runs nothing, loads nothing and cannot be framed. */
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  /** Pages of other origins cannot embed a response. CORS requests are not affected. */
  'Cross-Origin-Resource-Policy': 'same-origin',
  /** A query may contain an email address. */
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
});

/** HSTS for two years, for this host only: subdomains belong to others. */
const overTls = Object.freeze({ ...overHttp, 'Strict-Transport-Security': 'max-age=63072000' });

/** Default headers of every response on this connection. */
export function securityHeaders(socket: Duplex): Readonly<Record<string, string>> {
  // Browsers ignore HSTS over plain HTTP. Behind a proxy, the proxy sends it.
  return (socket as Partial<TLSSocket>).encrypted ? overTls : overHttp;
}
