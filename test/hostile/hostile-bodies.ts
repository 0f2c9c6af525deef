import { gzipSync } from 'node:zlib';

/** A body as bytes, with the allowed statuses. */
export interface HostileBody {
  readonly label: string;
  readonly bytes: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly statuses: readonly number[];
}

const utf8 = (text: string) => Buffer.from(text);
const refused = (label: string, body: string | Uint8Array, ...statuses: number[]): HostileBody => ({
  label,
  bytes: typeof body === 'string' ? utf8(body) : body,
  statuses,
});
const inName = (bytes: readonly number[]) =>
  Buffer.concat([utf8('{"name":"'), Buffer.from(bytes), utf8('"}')]);
const bodyBytesMax = 65_536;
const padded = (length: number) => '{"name":"padded"}'.padEnd(length, ' ');

function nestings(): HostileBody[] {
  const deep = 31_000;
  const arrays = (count: number) => '['.repeat(count) + ']'.repeat(count);
  const objects = (count: number) => `${'{"a":'.repeat(count)}1${'}'.repeat(count)}`;
  return [
    refused('49,000 arrays that are never closed', '['.repeat(49_000), 400),
    refused('31,000 nested arrays', arrays(deep), 400),
    ...['note', 'metadata', 'tags', 'address', 'nobody'].map((name) =>
      refused(`31,000 nested arrays in ${name}`, `{"name":"x","${name}":${arrays(deep)}}`, 400),
    ),
    refused('10,000 nested objects', objects(10_000), 400),
    refused('33 levels', arrays(33), 400),
    refused('32 levels', arrays(32), 422),
    refused('an array of 30,000 arrays', `[${Array(20_000).fill('[]').join(',')}]`, 422),
    refused('49,000 openings in a text', JSON.stringify({ name: 'x', note: '['.repeat(4999) }), 201),
  ];
}

function repeatedNames(): HostileBody[] {
  return [
    refused('a name twice', '{"name":"a","name":"b"}', 400),
    refused('a name twice, once escaped', '{"name":"a","n\\u0061me":"b"}', 400),
    refused('a name twice, both escaped differently', '{"\\u006eame":"a","n\\u0061me":"b"}', 400),
    refused('an unknown name twice', '{"name":"a","x":1,"x":1}', 400),
    refused('twice in address', '{"name":"a","address":{"city":"x","city":"y"}}', 400),
    refused('twice in metadata', '{"name":"a","metadata":{"k":"1","\\u006b":"2"}}', 400),
    refused('__proto__ twice', '{"name":"a","metadata":{"__proto__":"1","__proto__":"2"}}', 400),
    refused('the empty name twice', '{"name":"a","":1,"":2}', 400),
    refused('the same name on two levels', '{"name":"a","metadata":{"name":"b"}}', 201),
    refused('names that differ only in normalization form', '{"name":"a","metadata":{"K":"1","k":"2"}}', 201),
  ];
}

function encodings(): HostileBody[] {
  const text = '{"name":"x"}';
  const utf16 = Buffer.from(text, 'utf16le');
  const json = (charset: string) => ({ 'Content-Type': `application/json; charset=${charset}` });
  const sequences = {
    'an overlong slash': [0xc0, 0xaf],
    'an overlong NUL': [0xc0, 0x80],
    'three bytes overlong': [0xe0, 0x80, 0xaf],
    'a surrogate in UTF-8': [0xed, 0xa0, 0x80],
    'a pair of surrogates in UTF-8': [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
    'beyond U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
    'five bytes': [0xf8, 0x88, 0x80, 0x80, 0x80],
    'cut off': [0xe2, 0x82],
    'a stray continuation': [0x80],
    latin1: [0xe9],
    'the bytes FE FF': [0xfe, 0xff],
  };
  return [
    ...Object.entries(sequences).map(([label, bytes]) => refused(label, inName(bytes), 400)),
    refused('a byte order mark', `\ufeff${text}`, 400),
    refused('UTF-16, unsaid', utf16, 400),
    refused(
      'UTF-16 with its byte order mark, undeclared',
      Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]),
      400,
    ),
    ...['utf-16', 'utf-16le', 'utf-32', 'utf-7', 'iso-8859-1', 'us-ascii', 'x', ''].map((charset) => ({
      ...refused(`charset ${charset}`, charset.startsWith('utf-16') ? utf16 : text, 415),
      headers: json(charset),
    })),
    { ...refused('two charsets', text, 415), headers: json('utf-8; charset=utf-16') },
    refused('NUL as a byte', inName([0x00]), 400),
    refused('NUL escaped', '{"name":"a\\u0000b"}', 422),
    refused('a lone surrogate escaped', '{"name":"\\ud800"}', 422),
    refused('a pair the wrong way round', '{"name":"\\udc00\\ud800"}', 422),
    refused('a lone surrogate in a name', '{"name":"a","metadata":{"\\ud800":"x"}}', 422),
    refused('a pair escaped', '{"name":"\\ud83d\\ude00"}', 201),
  ];
}

function notQuiteJson(): HostileBody[] {
  const texts = [
    ...[
      'NaN',
      'Infinity',
      '{"name":NaN}',
      "{'name':'x'}",
      '{name:"x"}',
      '{"name":"x",}',
      '[1,]',
      '{"name":"x"}}',
    ],
    ...[
      '/* */{"name":"x"}',
      '{"name":"x"}//',
      '{"name":0x10}',
      '{"name":01}',
      '{"name":+1}',
      '{"name":.5}',
      '{"name":1.}',
    ],
    ...[
      '{"name":"\n"}',
      '{"name":"\t"}',
      '{"name":"\\x41"}',
      '{"name":"\\u00g0"}',
      '{"name":"\\u12"}',
      '{"name":"x',
      '{"name"',
    ],
    ...[
      '{"name":"x"}{"name":"y"}',
      '{"name":"x"} x',
      '\f{"name":"x"}',
      '\u00a0{"name":"x"}',
      'undefined',
      'True',
      '{,}',
      '\u0000',
    ],
    ...[
      '{"name":"x"}\u0000',
      '<name>x</name>',
      'name=x',
      '--x\r\nContent-Disposition: form-data',
      ')]}\',\n{"name":"x"}',
      '\u001e{"name":"x"}',
    ],
  ];
  return texts.map((text) => refused(JSON.stringify(text.slice(0, 40)), text, 400));
}

function numbersAndNames(): HostileBody[] {
  const numbers = [
    '1e400',
    '-0',
    '9007199254740993',
    '0.1e-400',
    '9'.repeat(60_000),
    `0.${'1'.repeat(60_000)}`,
    `1e${'9'.repeat(1000)}`,
  ];
  const special = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__'];
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 'v']));
  return [
    ...numbers.flatMap((number) => [
      refused(`name ${number.slice(0, 12)}`, `{"name":${number}}`, 422),
      refused(`metadata ${number.slice(0, 12)}`, `{"name":"x","metadata":{"k":${number}}}`, 422),
    ]),
    ...special.flatMap((name) => [
      refused(`the member ${name}`, `{"name":"x","${name}":{"isAdmin":true}}`, 422),
      refused(`${name} in address`, `{"name":"x","address":{"${name}":{"city":"x"}}}`, 422),
      refused(`the metadata key ${name}`, `{"name":"x","metadata":{"${name}":"value"}}`, 201),
      refused(`${name} as an object in metadata`, `{"name":"x","metadata":{"${name}":{"isAdmin":"x"}}}`, 422),
    ]),
    refused('5,000 keys', JSON.stringify({ name: 'x', metadata: many }), 422),
    refused('5,000 unknown members', JSON.stringify({ name: 'x', ...many }), 422),
    refused(
      '9,000 tags',
      JSON.stringify({ name: 'x', tags: Array.from({ length: 9000 }, (_, index) => `${index}`) }),
      422,
    ),
    refused('30,000 equal tags', `{"name":"x","tags":[${Array(15_000).fill('"a"').join(',')}]}`, 422),
    refused('a name of 60,000 characters', JSON.stringify({ name: 'x'.repeat(60_000) }), 422),
    refused(
      'a key of 60,000 characters',
      JSON.stringify({ name: 'x', metadata: { ['k'.repeat(60_000)]: 'v' } }),
      422,
    ),
  ];
}

function sizes(): HostileBody[] {
  const megabytes = 50;
  const bomb = gzipSync(Buffer.alloc(megabytes * 1024 * 1024, ' '), { level: 9 });
  const encoded = (encoding: string) => ({ 'Content-Encoding': encoding });
  return [
    { ...refused(`a gzip bomb of ${megabytes} MB`, bomb, 413, 415), headers: encoded('gzip') },
    { ...refused('a gzip bomb by another name', bomb.subarray(0, 60_000), 415), headers: encoded('x-gzip') },
    { ...refused('gzip twice', gzipSync(bomb), 413, 415), headers: encoded('gzip, gzip') },
    ...['deflate', 'br', 'zstd', 'compress'].map((encoding) => ({
      ...refused(encoding, '{"name":"x"}', 415),
      headers: encoded(encoding),
    })),
    { ...refused('gzip called identity', gzipSync('{"name":"x"}'), 400), headers: encoded('identity') },
    refused('the largest body', padded(bodyBytesMax), 201),
    refused('one byte more', padded(bodyBytesMax + 1), 413),
    refused('5 MB', padded(5_000_000), 413),
  ];
}

/** Bodies for createCustomer that may break a JSON parser or code that walks its result. */
export function hostileBodies(): HostileBody[] {
  return [
    ...nestings(),
    ...repeatedNames(),
    ...encodings(),
    ...notQuiteJson(),
    ...numbersAndNames(),
    ...sizes(),
  ];
}
