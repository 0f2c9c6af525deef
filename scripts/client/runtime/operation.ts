/** What the runtime has to know of an operation. The table of all is made from the contract. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its parameters in braces, as the contract has it. */
  readonly path: string;
  /** The parameters that go into the query, by the names of their options. */
  readonly query: readonly string[];
  /** The headers that have an option, each by the option's name. */
  readonly headers: Readonly<Record<string, string>>;
  /** What it answers with unless the caller asks for something else. */
  readonly accept: string;
  readonly contentType?: string;
  /** Its body is no JSON document, but lines or bytes. */
  readonly isUpload?: true;
  /** The customer in hand says which version is meant: its `etag` goes as `If-Match`. */
  readonly guarded?: true;
  /** A header that makes the operation safe to repeat; the client makes a value up for each call. */
  readonly idempotencyKey?: true;
  /** Members of a customer that a body may not have, since the service alone sets them. */
  readonly leftOut?: readonly string[];
  /** Where a page says how to go on, and the parameter that takes it. */
  readonly next?: { readonly member: string; readonly parameter: string };
}

/** A thing that was read and is meant as it was read: `id` says which, `etag` which version. */
export interface InHand {
  readonly id: string;
  readonly etag: string;
}

/** What one call of an operation has to say. */
export interface Input {
  /** The values of the path's parameters, in order. */
  readonly path?: readonly (string | InHand)[];
  readonly body?: unknown;
  readonly options: CallOptions;
  /** Instead of the operation's own. */
  readonly accept?: string;
  readonly contentType?: string;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call: the request, the wait before a retry, the stream. */
  readonly signal?: AbortSignal | undefined;
  /** How long an attempt may take; of a stream, how long it may be silent. The client's when absent. */
  readonly timeoutMs?: number | undefined;
  /** How often a call is tried again where that is safe. The client's when absent. */
  readonly retriesMax?: number | undefined;
}

/** Options without `ifNoneMatch`: the reply then always has something in it. */
export type Unconditional<Options> = Options & { readonly ifNoneMatch?: undefined };
