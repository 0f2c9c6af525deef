import { checkReply } from '../support/contract-check.ts';
import type { Case } from './cases.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Undeclared headers that the mock adds to every response. */
const mockHeaders = /^(sl-violations|access-control-.*)$/;

/** Sends one request, always with a credential, because the mock refuses everything without one. */
export async function send(
  url: string,
  tried: Case,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url + tried.path, {
    method: tried.method,
    headers: { Authorization: 'Bearer any', ...tried.headers, ...headers },
    // Bytes, because fetch adds a media type for a string.
    body: tried.body === undefined ? null : new TextEncoder().encode(tried.body),
    redirect: 'manual',
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The first violation of the contract in a response; undefined if there is none. */
export function shapeFault({ method, path }: Case, { status, headers, text }: Answer): string | undefined {
  const own = new Headers([...headers].filter(([name]) => !mockHeaders.test(name)));
  try {
    checkReply({ method, path, status, headers: own, bodyText: text });
    return undefined;
  } catch (fault) {
    return (fault as Error).message;
  }
}
