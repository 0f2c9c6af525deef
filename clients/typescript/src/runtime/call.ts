/** An operation in progress. Await it for its data, or `withReply()` for status and headers too. */
export class Call<Data> implements Promise<Data> {
  readonly [Symbol.toStringTag] = 'Call';
  readonly #answer: Promise<Answer<Data>>;

  constructor(answer: Promise<Answer<Data>>) {
    this.#answer = answer;
  }

  /** The data with the response's metadata, such as `reply.requestId` and `reply.feedPosition`. */
  withReply(): Promise<Answer<Data>> {
    return this.#answer;
  }

  // biome-ignore lint/suspicious/noThenProperty: a Call is a promise.
  then<Result = Data, Failed = never>(
    onData?: ((data: Data) => Result | PromiseLike<Result>) | null,
    onFailure?: ((failure: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Result | Failed> {
    return this.#answer.then(({ data }) => data).then(onData, onFailure);
  }

  catch<Failed = never>(
    onFailure?: ((failure: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Data | Failed> {
    return this.then(null, onFailure);
  }

  finally(onEnd?: (() => void) | null): Promise<Data> {
    return this.then().finally(onEnd);
  }
}

/** A paginated list. Await it for the first page, or iterate over all items with `for await`. */
export class Pages<Page extends PageOf<Item>, Item> extends Call<Page> implements AsyncIterable<Item> {
  readonly #next: (page: Page) => Promise<Answer<Page>> | undefined;

  constructor(first: Promise<Answer<Page>>, next: (page: Page) => Promise<Answer<Page>> | undefined) {
    super(first);
    this.#next = next;
  }

  /** Iterates page by page. A page is requested once you have handled the one before it. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    let page: Answer<Page> = await this.withReply();
    yield page.data;
    for (;;) {
      const next = page.data.items.length === 0 ? undefined : this.#next(page.data);
      if (!next) return;
      page = await next;
      yield page.data;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* page.items;
  }
}

export interface PageOf<Item> {
  readonly items: readonly Item[];
}

/** The data of a call with the response's metadata. */
export interface Answer<Data> {
  readonly data: Data;
  readonly reply: Reply;
}

/** The metadata of a response. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Identifies the request in the service's logs. */
  readonly requestId: string | undefined;
  /**
   * A change feed position that includes this write; of an export, one before its first row. Pass it as `after`
   * to read later changes.
   */
  readonly feedPosition: string | undefined;
  readonly etag: string | undefined;
  /** The path of a created customer. */
  readonly location: string | undefined;
  /** True if the service replayed its answer to an earlier attempt with the same `Idempotency-Key`. */
  readonly isReplayed: boolean;
  /** How often the request was sent. */
  readonly attempts: number;
}

/** A customer as you read it: its id, and the version you have seen. */
export interface CustomerRef {
  readonly id: string;
  readonly etag: string;
}

/** Reads the metadata from a response's headers. */
export function replyOf({ status, headers }: Response, attempts: number): Reply {
  const header = (name: string) => headers.get(name) ?? undefined;
  return {
    status,
    headers,
    requestId: header('x-request-id'),
    feedPosition: header('feed-position'),
    etag: header('etag'),
    location: header('location'),
    isReplayed: header('idempotency-replayed') === 'true',
    attempts,
  };
}
