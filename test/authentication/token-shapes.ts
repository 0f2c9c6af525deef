import { createHmac, createPublicKey, createSign, KeyObject } from 'node:crypto';
import { exportSPKI, type JWTPayload } from 'jose';
import { audience, claims, encoded, issuer, nowSeconds, type SigningKey, sign } from './token-issuer.ts';

export interface Shape {
  readonly name: string;
  readonly token: string;
}

/** What an attacker has besides public data: a key pair and a web server. */
interface Setting {
  /** The issuer's keys, by algorithm. */
  readonly rsa: SigningKey;
  readonly ec: SigningKey;
  readonly ed: SigningKey;
  readonly foreign: SigningKey;
  readonly attackerUrl: string;
}

/** Tokens that must be rejected (RFC 8725, and vulnerabilities found in libraries). */
export async function wrongTokens(setting: Setting): Promise<Shape[]> {
  return [
    ...(await wrongAlgorithms(setting)),
    ...(await wrongKeys(setting)),
    ...(await wrongHeaders(setting)),
    ...(await wrongClaims(setting)),
    ...(await wrongTimes(setting)),
    ...(await wrongTexts(setting)),
  ];
}

async function wrongAlgorithms({ rsa, ec }: Setting): Promise<Shape[]> {
  const body = encoded(claims());
  const unsigned = ['none', 'None', 'NONE', 'nOnE', ''].map((alg) => ({
    name: `alg ${JSON.stringify(alg)}`,
    token: `${encoded({ alg, typ: 'at+jwt', kid: rsa.kid })}.${body}.`,
  }));
  const [, , signature] = (await sign(rsa, claims())).split('.');
  const pem = await exportSPKI(rsa.publicKey);
  const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
  const modulus = Buffer.from(rsa.jwk.n ?? '', 'base64url');
  const secrets: [string, string | Buffer][] = [
    ['PEM', pem],
    ['PEM without its final line break', pem.trim()],
    ['DER', der],
    ['modulus', modulus],
    ['JWK', JSON.stringify(rsa.jwk)],
    ['nothing', ''],
  ];
  const symmetric = secrets.flatMap(([name, secret]) =>
    ['HS256', 'HS512'].map((alg) => {
      const head = `${encoded({ alg, typ: 'at+jwt', kid: rsa.kid })}.${body}`;
      const mac = createHmac(`sha${alg.slice(2)}`, secret)
        .update(head)
        .digest('base64url');
      return { name: `${alg} with the public key as the secret (${name})`, token: `${head}.${mac}` };
    }),
  );
  const relabelled = ['ES256', 'PS256', 'EdDSA', 'RS1', 'RS384', 'HS256'].map((alg) => ({
    name: `an RS256 signature declared as ${alg}`,
    token: `${encoded({ alg, typ: 'at+jwt', kid: rsa.kid })}.${body}.${signature}`,
  }));
  const zeros = Buffer.alloc(64).toString('base64url');
  const psychic = { alg: 'ES256', typ: 'at+jwt', kid: ec.kid };
  return [
    ...unsigned,
    ...symmetric,
    ...relabelled,
    { name: 'an ES256 signature of zeros', token: `${encoded(psychic)}.${body}.${zeros}` },
    {
      name: 'an algorithm that is not allowed',
      token: await sign({ ...rsa, alg: 'RS512' }, claims()).catch(() => 'x.y.z'),
    },
  ];
}

async function wrongKeys({ rsa, ec, foreign, attackerUrl }: Setting): Promise<Shape[]> {
  const kids = [
    'unknown',
    '',
    '../../dev/null',
    '/dev/null',
    "' OR 1=1 --",
    'x'.repeat(500),
    `${attackerUrl}/k`,
  ];
  const tricks = kids.map(async (kid) => ({
    name: `kid ${JSON.stringify(kid.slice(0, 30))}`,
    token: await sign(foreign, claims(), { kid }),
  }));
  const led = { jku: `${attackerUrl}/jku`, x5u: `${attackerUrl}/x5u`, jwk: foreign.jwk, x5c: ['MIIB'] };
  const places = Object.entries(led).map(async ([name, value]) => ({
    name: `the attacker's key by ${name}`,
    token: await sign(foreign, claims(), { kid: foreign.kid, [name]: value }),
  }));
  const placesWithKid = Object.entries(led).map(async ([name, value]) => ({
    name: `the issuer's kid, and the attacker's key by ${name}`,
    token: await sign(foreign, claims(), { kid: rsa.kid, [name]: value }),
  }));
  return [
    ...(await Promise.all([...tricks, ...places, ...placesWithKid])),
    {
      name: "the attacker's key under the issuer's kid",
      token: await sign(foreign, claims(), { kid: rsa.kid }),
    },
    { name: 'an RS256 token with the kid of the EC key', token: await sign(rsa, claims(), { kid: ec.kid }) },
  ];
}

async function wrongHeaders({ rsa }: Setting): Promise<Shape[]> {
  const types = ['JWT', 'at+jwt2', 'id+jwt', 'application/jwt', 'dpop+jwt', 'logout+jwt', '', undefined];
  const typed = types.map(async (typ) => ({
    name: `typ ${typ}`,
    token: await sign(rsa, claims(), { typ: typ as string }),
  }));
  // Signed by the issuer: even if the library knows the extension, the service must reject it.
  const critical = [['b64'], ['exp'], ['http://example.com/x'], [], 'exp', null].map((crit) => {
    const header = {
      alg: 'RS256',
      typ: 'at+jwt',
      kid: rsa.kid,
      crit,
      b64: true,
      exp: 1,
      'http://example.com/x': 1,
    };
    return { name: `crit ${JSON.stringify(crit)}`, token: signedBy(rsa, encoded(header), encoded(claims())) };
  });
  const unencoded = { alg: 'RS256', typ: 'at+jwt', kid: rsa.kid, crit: ['b64'], b64: false };
  return [
    ...(await Promise.all(typed)),
    ...critical,
    { name: 'b64 false', token: signedBy(rsa, encoded(unencoded), JSON.stringify(claims())) },
    { name: 'a header that is an array', token: signedBy(rsa, encoded([]), encoded(claims())) },
  ];
}

async function wrongClaims({ rsa }: Setting): Promise<Shape[]> {
  const wrong: [string, JWTPayload][] = [
    ['no iss', { iss: undefined as never }],
    ['iss of another', { iss: 'https://evil.example.com/' }],
    ['iss without its slash', { iss: issuer.slice(0, -1) }],
    ['iss in upper case', { iss: issuer.toUpperCase() }],
    ['iss as an array', { iss: [issuer] as never }],
    ['no aud', { aud: undefined as never }],
    ['aud of another', { aud: 'https://other.example.com' }],
    ['aud with a valid prefix', { aud: `${audience}.evil.example` }],
    ['aud as an empty array', { aud: [] }],
    ['aud of others', { aud: ['https://other.example.com', 'x'] }],
    ['aud as an object', { aud: { [audience]: 1 } as never }],
    ['no sub', { sub: undefined as never }],
    ['sub empty', { sub: '' }],
    ['sub as a number', { sub: 1 as never }],
    ['sub with a line break', { sub: 'x\ny' }],
    ['sub with U+0000', { sub: 'x\u0000' }],
    ['sub too long', { sub: 'x'.repeat(256) }],
    ['sub of the anonymous principal', { sub: 'anonymous' }],
    ['sub of the service itself', { sub: 'retention' }],
    ['scope as an array', { scope: ['customers:read'] as never }],
    ['scope as null', { scope: null as never }],
  ];
  return Promise.all(
    wrong.map(async ([name, changes]) => ({ name, token: await sign(rsa, claims(changes)) })),
  );
}

async function wrongTimes({ rsa }: Setting): Promise<Shape[]> {
  const now = nowSeconds();
  const wrong: [string, JWTPayload][] = [
    ['no exp', { exp: undefined as never }],
    ['expired', { exp: now - 3600 }],
    ['expired longer ago than the leeway', { exp: now - 12 }],
    ['exp as a string', { exp: `${now + 300}` as never }],
    ['exp as null', { exp: null as never }],
    ['exp zero', { exp: 0 }],
    ['exp negative', { exp: -1 }],
    ['nbf to come', { nbf: now + 3600 }],
    ['nbf further ahead than the leeway', { nbf: now + 30 }],
    ['nbf as a string', { nbf: 'now' as never }],
    ['iat as a string', { iat: 'now' as never }],
  ];
  return Promise.all(
    wrong.map(async ([name, changes]) => ({
      name,
      token: signedBy(rsa, head(rsa), encoded(claims(changes))),
    })),
  );
}

async function wrongTexts({ rsa }: Setting): Promise<Shape[]> {
  const good = await sign(rsa, claims());
  const [header = '', payload = '', signature = ''] = good.split('.');
  const other = encoded(claims({ sub: 'admin' }));
  const texts: [string, string][] = [
    ['empty signature', `${header}.${payload}.`],
    ['no signature', `${header}.${payload}`],
    ['one part', header],
    ['four parts', `${good}.${signature}`],
    ['five parts, like an encrypted token', `${header}.${payload}.${signature}.${signature}.${signature}`],
    ['another payload', `${header}.${other}.${signature}`],
    ['signature cut short', good.slice(0, -8)],
    [
      'the signature of another token',
      `${header}.${payload}.${(await sign(rsa, claims({ sub: 'x' }))).split('.')[2]}`,
    ],
    ['padding', `${good}==`],
    ['a payload that is a string', signedBy(rsa, head(rsa), encoded('x'))],
    ['a payload that is not JSON', signedBy(rsa, head(rsa), Buffer.from('{').toString('base64url'))],
    ['a header that is not JSON', signedBy(rsa, Buffer.from('{').toString('base64url'), payload)],
    ['an empty payload', signedBy(rsa, head(rsa), '')],
    ['too long', await sign(rsa, claims({ more: 'x'.repeat(9000) }))],
    ['dots', '..'],
  ];
  return texts.map(([name, token]) => ({ name, token }));
}

const head = ({ alg, kid }: SigningKey) => encoded({ alg, kid, typ: 'at+jwt' });

/** Signs any header and payload with the issuer's key; jose's own signer refuses some. */
function signedBy({ privateKey }: SigningKey, header: string, payload: string): string {
  const signature = signRsa(KeyObject.from(privateKey), `${header}.${payload}`);
  return `${header}.${payload}.${signature}`;
}

function signRsa(key: KeyObject, text: string): string {
  return createSign('RSA-SHA256').update(text).sign(key, 'base64url');
}
