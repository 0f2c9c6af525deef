/** What came with the data of a call. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Finds the request in the service's logs. */
  readonly requestId: string | undefined;
  /**
   * A position in the change feed that includes this write (of an export: one from before its first row). As
   * `after` of `listChanges` and `followChanges` it gives what came later.
   */
  readonly feedPosition: string | undefined;
  readonly etag: string | undefined;
  /** The path of a customer that was created. */
  readonly location: string | undefined;
  /** The service knew the Idempotency-Key: this is the answer to an earlier attempt, and nothing was done twice. */
  readonly isReplayed: boolean;
  /** How many times the request was sent. */
  readonly attempts: number;
}

/** The data of a call with what came with it. */
export interface Answer<Data> {
  readonly data: Data;
  readonly reply: Reply;
}

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
