import { checkReply } from '../support/contract-check.ts';
import type { Case } from './cases.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What the mock adds to every reply, beside what the contract declares. */
const headersOfTheMock = /^(sl-violations|access-control-.*)$/;

/** Sends one request, whatever it is to be answered with. Without a credential the mock refuses everything. */
export async function send(
  url: string,
  tried: Case,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url + tried.path, {
    method: tried.method,
    headers: { Authorization: 'Bearer any', ...tried.headers, ...headers },
    // Bytes, for fetch gives a text a media type of its own.
    body: tried.body === undefined ? null : new TextEncoder().encode(tried.body),
    redirect: 'manual',
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** What is off the contract in an answer; undefined when nothing is. */
export function shapeFault({ method, path }: Case, { status, headers, text }: Answer): string | undefined {
  const own = new Headers([...headers].filter(([name]) => !headersOfTheMock.test(name)));
  try {
    checkReply({ method, path, status, headers: own, bodyText: text });
    return undefined;
  } catch (fault) {
    return (fault as Error).message;
  }
}
