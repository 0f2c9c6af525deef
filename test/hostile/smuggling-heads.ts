import { outerBody, post } from './smuggling-post.ts';

/** Heads that two parsers may read as different requests, or that are too large, by their fault. */
export function headShapes(host: string, hidden: string): Record<string, string> {
  return {
    ...headerForms(host, hidden),
    ...hosts(host, hidden),
    ...requestLines(host, hidden),
    ...sizes(host, hidden),
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
  const made = Object.entries(lines).map(([label, line]) => [label, post(host, line, outerBody + hidden)]);
  return {
    ...Object.fromEntries(made),
    'lines that end in LF': post(host, `Content-Length: ${outerBody.length}`, outerBody + hidden).replaceAll(
      '\r\n',
      '\n',
    ),
    'lines that end in CR': post(host, `Content-Length: ${outerBody.length}`, outerBody + hidden).replaceAll(
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
