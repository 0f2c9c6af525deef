import { framingShapes } from './smuggling-framing.ts';
import { headShapes } from './smuggling-heads.ts';
import { post } from './smuggling-post.ts';

/** Bytes for one connection that hide another request or are ambiguous. */
export interface Shape {
  readonly label: string;
  readonly bytes: string;
}

export interface ShapeParts {
  /** The value of Host. */
  readonly host: string;
  /** A complete request that must never be executed or answered. */
  readonly hidden: string;
}

/** Requests that must be refused, with their connection closed. */
export function refusedShapes({ host, hidden }: ShapeParts): Shape[] {
  return Object.entries({ ...framingShapes(host, hidden), ...headShapes(host, hidden) }).map(
    ([label, bytes]) => ({
      label,
      bytes,
    }),
  );
}

/** Valid requests that contain what looks like another request, which must be read as part of them. */
export function validShapes({ host, hidden }: ShapeParts): Shape[] {
  const size = Buffer.byteLength(hidden, 'latin1');
  const get = (path: string, lines: string, rest: string) =>
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n\r\n${rest}`;
  const shapes = {
    'a GET with a body': get('/livez', `Content-Length: ${size}`, hidden),
    'a GET with a chunked body': get(
      '/livez',
      'Transfer-Encoding: chunked',
      `${size.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    ),
    'a chunk with extensions': get(
      '/livez',
      'Transfer-Encoding: chunked',
      `${size.toString(16)};a="b;c";d\r\n${hidden}\r\n0\r\n\r\n`,
    ),
    'a body with a trailer': get(
      '/livez',
      'Transfer-Encoding: chunked',
      `${size.toString(16)}\r\n${hidden}\r\n0\r\nX-A: b\r\n\r\n`,
    ),
    'a length with zeros': get('/livez', `Content-Length: 000${size}`, hidden),
    'a body that is not JSON': post(host, `Content-Length: ${size}`, hidden),
    'a body for an unknown path': `POST /nothing HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${size}\r\n\r\n${hidden}`,
    'a body of a refused media type': `POST /customers HTTP/1.1\r\nHost: ${host}\r\nContent-Type: text/plain\r\nContent-Length: ${size}\r\n\r\n${hidden}`,
    'a body for a method without one': `DELETE /livez HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${size}\r\n\r\n${hidden}`,
    'an underscore instead of a hyphen': get(
      '/livez',
      `Transfer_Encoding: chunked\r\nContent-Length: ${size}`,
      hidden,
    ),
    'headers with a meaning to proxies': get(
      '/livez',
      `X-HTTP-Method-Override: DELETE\r\nX-Original-URL: /customers\r\nX-Forwarded-Host: evil.example\r\nContent-Length: ${size}`,
      hidden,
    ),
    'an upgrade': get(
      '/livez',
      `Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: ${size}`,
      hidden,
    ),
    'an upgrade to HTTP/2': get(
      '/livez',
      `Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: ${size}`,
      hidden,
    ),
  };
  return Object.entries(shapes).map(([label, bytes]) => ({ label, bytes }));
}
