/**
 * A request that is recorded for a trace. Whoever works for it hands it on, down to where the work is done; it holds
 * nothing of the request itself.
 */
export interface TracedRequest {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Asks to record one more piece of work: false when the request has had its share. */
  takeWork(): boolean;
  /** Notes that a piece of work serves it that hangs on another request. */
  linkTo(work: { readonly traceId: string; readonly spanId: string }): void;
}

/** The recorded requests among those that share a piece of work, each once; undefined where there are none. */
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
