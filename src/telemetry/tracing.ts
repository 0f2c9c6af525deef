/*
 * The interface of tracing, independent of any library. While tracing is off there is no `Tracing` object.
 * `opentelemetry.ts` implements it.
 */

/** The ids of a span in W3C Trace Context. */
export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
}

/** The caller's span, from `traceparent` and `tracestate`. */
export interface ParentSpan extends SpanIds {
  readonly sampled: boolean;
  readonly state: string | undefined;
}

/** A recorded request, as database work sees it. */
export interface ServedRequest extends SpanIds {
  /** Whether one more piece of work may be recorded for the request. */
  takeWork(): boolean;
  /** Links the request to work that it shares with others. */
  linkTo(work: SpanIds): void;
}

/** The span of a request. */
export interface RequestSpan extends ServedRequest {
  end(outcome: RequestOutcome): void;
}

/** What a request span records; never a value that the caller sent. */
export interface RequestOutcome {
  readonly operation: { readonly id: string; readonly path: string } | undefined;
  readonly requestId: string;
  /** Undefined if the caller disconnected first. */
  readonly status: number | undefined;
  /** The code of the problem, if the request failed. */
  readonly code: string | undefined;
}

/** A query or transaction, for one request or several together. */
export interface Work {
  readonly kind: 'read' | 'transaction';
  readonly system: 'postgresql' | 'sqlite';
  readonly role: 'primary' | 'replica';
}

/** A statement without its text and values. */
export interface StatementSummary {
  /** Such as `SELECT`. */
  readonly operation: string;
  /** Such as `SELECT customers`. */
  readonly summary: string;
}

/** The span of a query or transaction. */
export interface WorkSpan extends SpanIds {
  beginStatement(statement: StatementSummary): StatementSpan;
  /** @param fault an error code, never a message, which may hold values. */
  end(fault: string | undefined): void;
}

/** The span of one statement. */
export interface StatementSpan extends SpanIds {
  end(fault: string | undefined): void;
}

/** Starts spans. */
export interface Tracing {
  /** Starts the span of a request; undefined if the request is not sampled. */
  beginRequest(method: string, scheme: string, parent: ParentSpan | undefined): RequestSpan | undefined;
  /** Starts the span of database work; undefined if none of the requests may record more. */
  beginWork(work: Work, served: readonly ServedRequest[]): WorkSpan | undefined;
  /** Exports the remaining spans, for at most a second. Never rejects. */
  stop(): Promise<void>;
}

/** Observes the export of spans. */
export interface SpanObserver {
  readonly onSpans: (outcome: SpanOutcome, count: number) => void;
  /** Called with the reason when exports start to fail, and with undefined when they succeed again. */
  readonly onHealth: (reason: { readonly error: unknown } | undefined) => void;
}

/** How a span ended: sent, refused by the collector, or dropped because the queue was full. */
export type SpanOutcome = 'exported' | 'failed' | 'dropped';

/** The process that spans come from. */
export interface Instance {
  /** The version of the service. */
  readonly version: string;
  readonly id: string;
}
