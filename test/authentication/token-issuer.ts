import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { afterwards, type Cleanup } from '../support/cleanup.ts';

export const issuer = 'https://login.example.com/';
export const audience = 'https://customers.example.com';

export type SigningKey = Awaited<ReturnType<typeof newKey>>;

/** A key pair, and its public half as an issuer publishes it. */
export async function newKey(kid: string, alg: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export const nowSeconds = () => Math.floor(Date.now() / 1000);

/** The claims of a valid token. */
export function claims(changes: JWTPayload = {}): JWTPayload {
  const now = nowSeconds();
  return {
    iss: issuer,
    aud: audience,
    sub: 'caller-1',
    scope: 'customers:read customers:write',
    iat: now,
    exp: now + 300,
    ...changes,
  };
}

export function sign(
  key: SigningKey,
  payload: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return new SignJWT(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
    .sign(key.privateKey);
}

export const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A local server that returns a key set and records the requests it receives. */
export async function listenForRequests(cleanup: Cleanup, answer: () => object) {
  const paths: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    paths.push(request.url ?? '');
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  afterwards(cleanup, close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths, close };
}
