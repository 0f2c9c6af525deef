import type { Operation } from '../operations.ts';
import type { CallOptions } from '../options.ts';
import { type Answer, Call, type PageOf, Pages, replyOf } from './call.ts';
import { type Deadline, sleep, startDeadline } from './deadline.ts';
import { CustomersConnectionError, CustomersProblem, readProblem } from './problem.ts';
import { type Input, type PreparedRequest, prepareRequest } from './request.ts';
import { retryDelayMs } from './retry.ts';
import { decodeText, readChunks, Stream } from './stream.ts';
import { uploadBody } from './upload.ts';

const defaultTimeoutMs = 30_000;
const defaultRetriesMax = 3;

/** How a client reaches the service. */
export interface ClientOptions {
  /** The service's address, such as `https://customers.example.com`. A path prefix is kept. */
  readonly baseUrl: string | URL;
  /** An API key or JWT. A function is called before each attempt, for tokens that expire. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** Time limit of one attempt, or how long a stream may be silent. Defaults to 30 seconds. */
  readonly timeoutMs?: number | undefined;
  /** How often a call is retried where that is safe. Defaults to 3; 0 disables retries. */
  readonly retriesMax?: number | undefined;
  /** Replaces the global `fetch`, for example to use a proxy. */
  readonly fetch?: typeof fetch | undefined;
}

type Read<Data> = (
  response: Response,
  deadline: Deadline,
  toError: (failure: unknown) => unknown,
) => Promise<Data>;

/** Sends calls, and retries them where that is safe. */
export class Transport {
  readonly #baseUrl: string;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#baseUrl = new URL(options.baseUrl).href.replace(/\/+$/, '');
    this.#options = options;
  }

  /** Calls an operation that answers JSON or nothing. */
  json<Data>(operation: Operation, input: Input): Call<Data> {
    return new Call(this.#exchange(operation, input, readJson<Data>));
  }

  /** Calls an operation that answers a page, and requests further pages on demand. */
  pages<Page extends PageOf<Item>, Item>(operation: Operation, input: Input): Pages<Page, Item> {
    const request = (options: CallOptions) =>
      this.#exchange(operation, { ...input, options }, readJson<Page>);
    return new Pages<Page, Item>(request(input.options), (page) => {
      const { member, parameter } = operation.next ?? { member: '', parameter: '' };
      const next = (page as unknown as Readonly<Record<string, unknown>>)[member];
      return next ? request({ ...input.options, [parameter]: next }) : undefined;
    });
  }

  /** Calls an operation that answers a stream of text, which `parse` splits into items. */
  stream<Item>(
    operation: Operation,
    input: Input,
    parse: (texts: AsyncIterable<string>) => AsyncIterable<Item>,
  ): Stream<Item> {
    return new Stream(() =>
      this.#exchange(operation, input, async (response, deadline, toError) => {
        deadline.pause();
        return parse(decodeText(readChunks(response, deadline, toError)));
      }),
    );
  }

  /** Sends a request until it succeeds, is refused for good, or runs out of attempts. */
  async #exchange<Data>(operation: Operation, input: Input, read: Read<Data>): Promise<Answer<Data>> {
    const request = prepareRequest(operation, input, this.#baseUrl);
    const retriesMax = input.options.retriesMax ?? this.#options.retriesMax ?? defaultRetriesMax;
    let afterLostReply = false;
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await this.#attempt(request, input.options, read, { attempts, afterLostReply });
      } catch (failure) {
        const { isRepeatable, isReplayable } = request;
        const delayMs = retryDelayMs(failure, { attempts, retriesMax, isRepeatable, isReplayable });
        if (delayMs === undefined) throw failure;
        afterLostReply ||= !(failure instanceof CustomersProblem) || failure.status >= 500;
        await sleep(delayMs, input.options.signal);
      }
    }
  }

  async #attempt<Data>(
    { method, url, headers, body }: PreparedRequest,
    { signal, timeoutMs = this.#options.timeoutMs ?? defaultTimeoutMs }: CallOptions,
    read: Read<Data>,
    context: { readonly attempts: number; readonly afterLostReply: boolean },
  ): Promise<Answer<Data>> {
    const { token, fetch: send = fetch } = this.#options;
    const credential = typeof token === 'function' ? await token() : token;
    if (credential !== undefined) headers.set('authorization', `Bearer ${credential}`);
    signal?.throwIfAborted();
    const deadline = startDeadline(timeoutMs, signal);
    const toError = (failure: unknown): unknown => {
      deadline.close();
      if (failure instanceof CustomersProblem) return failure;
      if (signal?.aborted) return signal.reason;
      const { timedOut } = deadline;
      const reason = timedOut ? `no reply within ${timeoutMs} ms` : 'the connection failed';
      const message = `${method} ${url.replace(/\?.*/s, '')}: ${reason}.`;
      return new CustomersConnectionError(message, { cause: failure, attempts: context.attempts, timedOut });
    };
    try {
      const init = { method, headers, body: body === undefined ? null : await uploadBody(body, deadline) };
      const response = await send(url, { ...init, signal: deadline.signal, duplex: 'half' } as RequestInit);
      if (!response.ok && response.status !== 304) throw await readProblem(response, context);
      return { data: await read(response, deadline, toError), reply: replyOf(response, context.attempts) };
    } catch (failure) {
      throw toError(failure);
    }
  }
}

/** Undefined if the reply has no body: 204, or 304. */
async function readJson<Data>(response: Response, deadline: Deadline): Promise<Data> {
  const text = await response.text();
  deadline.close();
  return (text === '' ? undefined : JSON.parse(text)) as Data;
}
