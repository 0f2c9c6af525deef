import { Call } from './call.ts';
import { type Deadline, sleep, startDeadline } from './deadline.ts';
import { decoded } from './lines.ts';
import type { CallOptions, Input, Operation } from './operation.ts';
import { Pages } from './pages.ts';
import { CustomersConnectionError, CustomersProblem, readProblem } from './problem.ts';
import { type Answer, replyOf } from './reply.ts';
import { type PreparedRequest, prepareRequest } from './request.ts';
import { retryDelayMs } from './retry.ts';
import { readPieces, Stream } from './stream.ts';
import { uploadBody } from './upload.ts';

const defaultTimeoutMs = 30_000;
const defaultRetriesMax = 3;

/** How a client reaches the service. */
export interface ClientOptions {
  /** Where the service is, such as `https://customers.example.com`; a path before that of the API is kept. */
  readonly baseUrl: string | URL;
  /** The API key or JWT; a function is asked before each attempt, for tokens that expire. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** How long an attempt may take; of a stream, how long it may be silent. 30 seconds when absent. */
  readonly timeoutMs?: number | undefined;
  /** How often a call is tried again where that is safe. 3 when absent, 0 for never. */
  readonly retriesMax?: number | undefined;
  /** Instead of the global `fetch`, such as one that goes through a proxy. */
  readonly fetch?: typeof fetch | undefined;
}

interface Page<Item> {
  readonly items: readonly Item[];
}

type Read<Data> = (
  response: Response,
  deadline: Deadline,
  failed: (failure: unknown) => unknown,
) => Promise<Data>;

/** Sends calls, and sends them again where that is safe. */
export class Transport {
  readonly #baseUrl: string;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#baseUrl = new URL(options.baseUrl).href.replace(/\/+$/, '');
    this.#options = options;
  }

  /** A call that answers one JSON document, or nothing. */
  json<Data>(operation: Operation, input: Input): Call<Data> {
    return new Call(this.exchange(operation, input, readJson<Data>));
  }

  /** A call that answers a page, and knows how to ask for the next. */
  pages<PageOfItems extends Page<Item>, Item>(operation: Operation, input: Input): Pages<PageOfItems, Item> {
    const ask = (options: CallOptions) =>
      this.exchange(operation, { ...input, options }, readJson<PageOfItems>);
    return new Pages<PageOfItems, Item>(ask(input.options), (page) => {
      const { member, parameter } = operation.next ?? { member: '', parameter: '' };
      const next = (page as unknown as Readonly<Record<string, unknown>>)[member];
      return next ? ask({ ...input.options, [parameter]: next }) : undefined;
    });
  }

  /** A call that answers a stream of text, as `parse` takes it apart. */
  stream<Item>(
    operation: Operation,
    input: Input,
    parse: (pieces: AsyncIterable<string>) => AsyncIterable<Item>,
  ): Stream<Item> {
    return new Stream(() =>
      this.exchange(operation, input, async (response, deadline, failed) => {
        deadline.hold();
        return parse(decoded(readPieces(response, deadline, failed)));
      }),
    );
  }

  /** Sends a request until it is answered, refused for good, or out of attempts. */
  async exchange<Data>(operation: Operation, input: Input, read: Read<Data>): Promise<Answer<Data>> {
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
    const failed = (failure: unknown): unknown => {
      deadline.close();
      if (failure instanceof CustomersProblem) return failure;
      if (signal?.aborted) return signal.reason;
      const { timedOut } = deadline;
      const what = timedOut ? `nothing came for ${timeoutMs} ms` : 'the connection failed';
      const message = `${method} ${url.replace(/\?.*/s, '')}: ${what}.`;
      return new CustomersConnectionError(message, { cause: failure, attempts: context.attempts, timedOut });
    };
    try {
      const init = { method, headers, body: body === undefined ? null : await uploadBody(body, deadline) };
      const response = await send(url, { ...init, signal: deadline.signal, duplex: 'half' } as RequestInit);
      if (!response.ok && response.status !== 304) throw await readProblem(response, context);
      return { data: await read(response, deadline, failed), reply: replyOf(response, context.attempts) };
    } catch (failure) {
      throw failed(failure);
    }
  }
}

/** Undefined where the reply has no body: 204, and 304, nothing has changed. */
async function readJson<Data>(response: Response, deadline: Deadline): Promise<Data> {
  const text = await response.text();
  deadline.close();
  return (text === '' ? undefined : JSON.parse(text)) as Data;
}
