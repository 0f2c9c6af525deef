/** Bytes for one connection in which another request hides, or that no two readers read alike. */
export interface Shape {
  readonly label: string;
  readonly bytes: string;
}

export interface ShapeParts {
  /** What Host must be. */
  readonly host: string;
  /** A whole request that must never be answered, nor done. */
  readonly hidden: string;
}

/** Requests that must be refused, and their connections closed. */
export function refusedShapes({ host, hidden }: ShapeParts): Shape[] {
  const all = { ...lengths(host, hidden), ...encodings(host, hidden), ...chunks(host, hidden) };
  const heads = { ...headerForms(host, hidden), ...hosts(host, hidden), ...requestLines(host, hidden) };
  return Object.entries({ ...all, ...heads, ...sizes(host, hidden) }).map(([label, bytes]) => ({
    label,
    bytes,
  }));
}

const json = 'Content-Type: application/json\r\n';
const body = '{"name":"outer"}';

/** A POST with these header lines, and what stands after its head. */
function post(host: string, lines: string, rest: string): string {
  return `POST /customers HTTP/1.1\r\nHost: ${host}\r\n${json}${lines}\r\n\r\n${rest}`;
}

function lengths(host: string, hidden: string): Record<string, string> {
  const length = `Content-Length: ${body.length}`;
  const values = [
    '+16',
    '-16',
    '0x10',
    '16 16',
    '16a',
    '',
    ' ',
    '1e1',
    '16.0',
    '9'.repeat(30),
    '16,16',
    '16, 17',
    '"16"',
    '１６',
  ];
  const odd = values.map((value) => [
    `Content-Length: ${value}`,
    post(host, `Content-Length: ${value}`, body + hidden),
  ]);
  return {
    'two lengths that differ': post(host, `${length}\r\nContent-Length: 0`, body + hidden),
    'two lengths the other way round': post(host, `Content-Length: 0\r\n${length}`, body + hidden),
    'two equal lengths': post(host, `${length}\r\n${length}`, body + hidden),
    ...Object.fromEntries(odd),
  };
}

function encodings(host: string, hidden: string): Record<string, string> {
  const length = `Content-Length: ${body.length}`;
  const empty = `0\r\n\r\n${hidden}`;
  const chunked = 'Transfer-Encoding: chunked';
  const values = [
    ...[
      'xchunked',
      'chunkedx',
      'chunked, identity',
      'identity',
      'gzip',
      'chunked, gzip',
      '"chunked"',
      'chunked;q=1',
    ],
    ...['x, y', '\u000bchunked', 'chunked\u000b', 'chun\tked', 'chunked\u0000', ',', 'identity, identity'],
  ];
  const odd = values.map((value) => [
    `Transfer-Encoding: ${JSON.stringify(value)}`,
    post(host, `Transfer-Encoding: ${value}`, empty),
  ]);
  const withLength = values.map((value) => [
    `Transfer-Encoding: ${JSON.stringify(value)} beside a length`,
    post(host, `Transfer-Encoding: ${value}\r\n${length}`, body + hidden),
  ]);
  return {
    'length and chunked': post(host, `${length}\r\n${chunked}`, empty),
    'chunked and length': post(host, `${chunked}\r\n${length}`, empty),
    'chunked twice on two lines, then identity': post(
      host,
      `${chunked}\r\nTransfer-Encoding: identity`,
      empty,
    ),
    'chunked in HTTP/1.0 beside a length': post(host, `${chunked}\r\n${length}`, empty).replace(
      'HTTP/1.1',
      'HTTP/1.0',
    ),
    ...Object.fromEntries([...odd, ...withLength]),
  };
}

function chunks(host: string, hidden: string): Record<string, string> {
  const chunked = (rest: string) => post(host, 'Transfer-Encoding: chunked', rest);
  const sizesOf = [
    'g',
    '-1',
    '0x10',
    '+10',
    ' 10',
    '10 ',
    '10\t',
    'F'.repeat(17),
    '',
    '1 0',
    '10h',
    '\u0000',
  ];
  const odd = sizesOf.map((size) => [
    `chunk size ${JSON.stringify(size)}`,
    chunked(`${size}\r\n${body}\r\n0\r\n\r\n${hidden}`),
  ]);
  return {
    ...Object.fromEntries(odd),
    'a chunk longer than it says': chunked(`5\r\n${body}\r\n0\r\n\r\n${hidden}`),
    'a chunk that ends in LF': chunked(`10\r\n${body}\n0\r\n\r\n${hidden}`),
    'a chunk size that ends in LF': chunked(`10\n${body}\r\n0\r\n\r\n${hidden}`),
    'a chunk size that ends in CR': chunked(`10\r${body}\r\n0\r\n\r\n${hidden}`),
    'a chunk extension with LF': chunked(`10;a=b\n${body}\r\n0\r\n\r\n${hidden}`),
    'a chunk extension with CR': chunked(`10;a\rb\r\n${body}\r\n0\r\n\r\n${hidden}`),
    'a chunk extension with NUL': chunked(`10;a\u0000b\r\n${body}\r\n0\r\n\r\n${hidden}`),
    'a chunk extension without end': chunked(`10;${'a'.repeat(100_000)}\r\n${body}\r\n0\r\n\r\n${hidden}`),
    'a last chunk that ends in LF': chunked(`10\r\n${body}\r\n0\n\n${hidden}`),
    'a trailer with a space before its colon': chunked(`10\r\n${body}\r\n0\r\nA : b\r\n\r\n${hidden}`),
    'a trailer that ends in LF': chunked(`10\r\n${body}\r\n0\r\nA: b\n\n${hidden}`),
  };
}

function headerForms(host: string, hidden: string): Record<string, string> {
  const lines = {
    'a space before the colon': 'Content-Length : 16',
    'a tab before the colon': 'Content-Length\t: 16',
    'a name with a space': 'Content Length: 16',
    'a line without a colon': 'Content-Length',
    'a line that begins with a colon': ': 16',
    'a folded line': 'X-A: b\r\n Content-Length: 16',
    'a folded line with a tab': 'X-A: b\r\n\tContent-Length: 16',
    'a fold before the first value': 'Content-Length:\r\n 16',
    'NUL in a value': 'X-A: a\u0000b',
    'NUL in a name': 'X-\u0000A: b',
    'CR in a value': 'X-A: a\rContent-Length: 16',
    'LF in a value': 'X-A: a\nContent-Length: 16',
    'a control character in a value': 'X-A: a\u0001b',
    'DEL in a value': 'X-A: a\u007fb',
    'a name with brackets': 'X-[A]: b',
    'a name with an umlaut': 'X-Ä: b',
  };
  const made = Object.entries(lines).map(([label, line]) => [label, post(host, line, body + hidden)]);
  return {
    ...Object.fromEntries(made),
    'lines that end in LF': post(host, `Content-Length: ${body.length}`, body + hidden).replaceAll(
      '\r\n',
      '\n',
    ),
    'lines that end in CR': post(host, `Content-Length: ${body.length}`, body + hidden).replaceAll(
      '\r\n',
      '\r',
    ),
    'a folded first line': `GET /livez HTTP/1.1\r\n Host: ${host}\r\n\r\n${hidden}`,
  };
}

function hosts(host: string, hidden: string): Record<string, string> {
  const get = (target: string, lines: string) => `GET ${target} HTTP/1.1\r\n${lines}\r\n${hidden}`;
  const names = [
    '',
    ' ',
    'a b',
    'a,b',
    'a/b',
    'a@b',
    'a?b',
    'a#b',
    'a\\b',
    'http://a',
    'a:b',
    'a:99999',
    'a:1:2',
    '[::1',
    '<a>',
    'a;b',
    'a%00b',
  ];
  return {
    'no Host': get('/livez', ''),
    'two Hosts': get('/livez', `Host: ${host}\r\nHost: evil.example\r\n`),
    'two equal Hosts': get('/livez', `Host: ${host}\r\nHost: ${host}\r\n`),
    'an absolute form with another Host': get('http://evil.example/livez', `Host: ${host}\r\n`),
    'an absolute form with another port': get(`http://${host}1/livez`, `Host: ${host}\r\n`),
    'an absolute form with a user': get(`http://a@${host}/livez`, `Host: ${host}\r\n`),
    'an absolute form of another scheme': get(`ftp://${host}/livez`, `Host: ${host}\r\n`),
    ...Object.fromEntries(
      names.map((name) => [`Host: ${JSON.stringify(name)}`, get('/livez', `Host: ${name}\r\n`)]),
    ),
  };
}

function requestLines(host: string, hidden: string): Record<string, string> {
  const lines = [
    ...['GET /livez HTTP/1.1 ', ' GET /livez HTTP/1.1', 'GET\t/livez\tHTTP/1.1'],
    ...[
      'GET /livez HTTP/1.2',
      'GET /livez HTTP/2.0',
      'GET /livez HTTP/3',
      'GET /livez HTTP/0.9',
      'GET /livez HTTP/11',
      'GET /livez HTTP/1.10',
    ],
    ...[
      'GET /livez http/1.1',
      'GET /livez HTTP',
      'GET /livez XTTP/1.1',
      'GET /livez',
      'GET',
      'get /livez HTTP/1.1',
      'SMUGGLE /livez HTTP/1.1',
    ],
    ...[
      'GET livez HTTP/1.1',
      'GET * HTTP/1.1',
      'GET evil.example:80 HTTP/1.1',
      'GET /a b HTTP/1.1',
      'GET /livez\u0000 HTTP/1.1',
      'GET /liv\u0001ez HTTP/1.1',
    ],
    ...[
      'GET \\livez HTTP/1.1',
      'GET /livez#x HTTP/1.1',
      'PRI * HTTP/2.0',
      'CONNECT evil.example:443 HTTP/1.1',
      `CONNECT ${host} HTTP/1.1`,
    ],
  ];
  const made = lines.map((line) => [JSON.stringify(line), `${line}\r\nHost: ${host}\r\n\r\n${hidden}`]);
  return {
    ...Object.fromEntries(made),
    'HTTP/0.9': `GET /livez\r\n${hidden}`,
    'the preface of HTTP/2': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000${hidden}`,
    'a handshake of TLS': `\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003${hidden}`,
    'a proxy protocol line': `PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET /livez HTTP/1.1\r\nHost: ${host}\r\n\r\n${hidden}`,
  };
}

function sizes(host: string, hidden: string): Record<string, string> {
  const get = (target: string, lines: string) =>
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n${hidden}`;
  const many = Array.from({ length: 3000 }, (_, index) => `X-${index}: y\r\n`).join('');
  return {
    'a URL of 40,000 characters': get(`/livez?${'a'.repeat(40_000)}`, ''),
    'a method of 10,000 characters': `${'G'.repeat(10_000)} /livez HTTP/1.1\r\nHost: ${host}\r\n\r\n${hidden}`,
    'a header of 100,000 characters': get('/livez', `X-A: ${'a'.repeat(100_000)}\r\n`),
    'a name of 100,000 characters': get('/livez', `${'A'.repeat(100_000)}: b\r\n`),
    '3,000 headers': get('/livez', many),
    'a body of 200,000 bytes': post(host, 'Content-Length: 200000', `${'x'.repeat(200_000)}${hidden}`),
    'a chunked body of 200,000 bytes': post(
      host,
      'Transfer-Encoding: chunked',
      `30d40\r\n${'x'.repeat(200_000)}\r\n0\r\n\r\n${hidden}`,
    ),
  };
}

/** Requests that are right, and hold what looks like another one: it must be read as a part of them. */
export function lawfulShapes({ host, hidden }: ShapeParts): Shape[] {
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
    'a body that is no JSON': post(host, `Content-Length: ${size}`, hidden),
    'a body for a path that is none': `POST /nothing HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${size}\r\n\r\n${hidden}`,
    'a body of a refused media type': `POST /customers HTTP/1.1\r\nHost: ${host}\r\nContent-Type: text/plain\r\nContent-Length: ${size}\r\n\r\n${hidden}`,
    'a body of a method that has none': `DELETE /livez HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${size}\r\n\r\n${hidden}`,
    'an underscore for a hyphen': get(
      '/livez',
      `Transfer_Encoding: chunked\r\nContent-Length: ${size}`,
      hidden,
    ),
    'headers that mean something to proxies': get(
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
