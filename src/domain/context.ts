import type { ChangeSource } from './commands.ts';

/** What a read needs to know of the request that it serves. */
export interface ReadContext {
  /**
   * The change-feed position that the answer must include: such a read may be served by a replica and lag by up to
   * a minute. Undefined for the newest state.
   */
  readonly minFeedPosition?: string | undefined;
  /** Set when the request is traced. */
  readonly trace?: TracedRequest | undefined;
}

/** What a write needs to know of the request that it serves. */
export interface WriteContext {
  /** The principal's name, recorded as the actor of the change. */
  readonly actor: string;
  readonly source: ChangeSource;
  readonly requestId: string;
  /** Dry run: answer what would be stored, checked against the database, and store nothing. */
  readonly validateOnly: boolean;
  readonly idempotency: IdempotentRequest | undefined;
  /** When the caller stops waiting, in milliseconds since 1970. */
  readonly deadlineMs: number;
  /** Set when the request is traced. */
  readonly trace?: TracedRequest | undefined;
}

/** A request that carries an Idempotency-Key. */
export interface IdempotentRequest {
  readonly key: string;
  /** The key is unique within a principal's name and an operation. */
  readonly scope: readonly [principal: string, operationId: string];
  /** What identifies the request: method, path, query, conditional headers, body bytes. */
  readonly fingerprint: readonly (string | Uint8Array)[];
}

/** The span of a sampled request. Layers pass it down to record their work as child spans. */
export interface TracedRequest {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Reserves one more child span; false when the request has reached its limit of spans. */
  takeWork(): boolean;
  /** Links this request to a span that belongs to another request's trace. */
  linkTo(work: { readonly traceId: string; readonly spanId: string }): void;
}

/** Returns the distinct traced requests among those that share a piece of work; undefined when none is traced. */
export function tracedAmong(
  served: readonly { readonly trace?: TracedRequest | undefined }[],
): readonly TracedRequest[] | undefined {
  let traced: Set<TracedRequest> | undefined;
  for (const { trace } of served) {
    if (trace === undefined) continue;
    traced ??= new Set();
    traced.add(trace);
  }
  return traced && [...traced];
}
