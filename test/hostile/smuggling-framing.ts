import { outerBody, post } from './smuggling-post.ts';

/** Bodies whose end two parsers may find in different places, by their fault. */
export function framingShapes(host: string, hidden: string): Record<string, string> {
  return { ...lengths(host, hidden), ...encodings(host, hidden), ...chunks(host, hidden) };
}

function lengths(host: string, hidden: string): Record<string, string> {
  const length = `Content-Length: ${outerBody.length}`;
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
    post(host, `Content-Length: ${value}`, outerBody + hidden),
  ]);
  return {
    'two lengths that differ': post(host, `${length}\r\nContent-Length: 0`, outerBody + hidden),
    'two lengths the other way round': post(host, `Content-Length: 0\r\n${length}`, outerBody + hidden),
    'two equal lengths': post(host, `${length}\r\n${length}`, outerBody + hidden),
    ...Object.fromEntries(odd),
  };
}

function encodings(host: string, hidden: string): Record<string, string> {
  const length = `Content-Length: ${outerBody.length}`;
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
    `Transfer-Encoding: ${JSON.stringify(value)} with a length`,
    post(host, `Transfer-Encoding: ${value}\r\n${length}`, outerBody + hidden),
  ]);
  return {
    'length and chunked': post(host, `${length}\r\n${chunked}`, empty),
    'chunked and length': post(host, `${chunked}\r\n${length}`, empty),
    'chunked twice on two lines, then identity': post(
      host,
      `${chunked}\r\nTransfer-Encoding: identity`,
      empty,
    ),
    'chunked in HTTP/1.0 with a length': post(host, `${chunked}\r\n${length}`, empty).replace(
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
    chunked(`${size}\r\n${outerBody}\r\n0\r\n\r\n${hidden}`),
  ]);
  return {
    ...Object.fromEntries(odd),
    'a chunk longer than it says': chunked(`5\r\n${outerBody}\r\n0\r\n\r\n${hidden}`),
    'a chunk that ends in LF': chunked(`10\r\n${outerBody}\n0\r\n\r\n${hidden}`),
    'a chunk size that ends in LF': chunked(`10\n${outerBody}\r\n0\r\n\r\n${hidden}`),
    'a chunk size that ends in CR': chunked(`10\r${outerBody}\r\n0\r\n\r\n${hidden}`),
    'a chunk extension with LF': chunked(`10;a=b\n${outerBody}\r\n0\r\n\r\n${hidden}`),
    'a chunk extension with CR': chunked(`10;a\rb\r\n${outerBody}\r\n0\r\n\r\n${hidden}`),
    'a chunk extension with NUL': chunked(`10;a\u0000b\r\n${outerBody}\r\n0\r\n\r\n${hidden}`),
    'a chunk extension without end': chunked(
      `10;${'a'.repeat(100_000)}\r\n${outerBody}\r\n0\r\n\r\n${hidden}`,
    ),
    'a last chunk that ends in LF': chunked(`10\r\n${outerBody}\r\n0\n\n${hidden}`),
    'a trailer with a space before its colon': chunked(`10\r\n${outerBody}\r\n0\r\nA : b\r\n\r\n${hidden}`),
    'a trailer that ends in LF': chunked(`10\r\n${outerBody}\r\n0\r\nA: b\n\n${hidden}`),
  };
}
