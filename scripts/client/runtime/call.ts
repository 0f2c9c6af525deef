import type { Answer } from './reply.ts';

/** A call that was sent. Await it for its data, or `withReply()` for the status and headers too. */
export class Call<Data> implements Promise<Data> {
  readonly [Symbol.toStringTag] = 'Call';
  readonly #answer: Promise<Answer<Data>>;

  constructor(answer: Promise<Answer<Data>>) {
    this.#answer = answer;
  }

  /** The data together with what came with it, such as `reply.requestId` and `reply.feedPosition`. */
  withReply(): Promise<Answer<Data>> {
    return this.#answer;
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise.
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
