/**
 * What the service asks of traces. Where they are off there is no `Tracing` at all, and whoever would use it has one
 * undefined to look at. Nothing in here names a telemetry library: see `opentelemetry.ts`.
 */

/** Which span, as W3C Trace Context writes it. */
export interface SpanIds {
  readonly traceId: string;
  readonly spanId: string;
}

/** A caller's span that a request came from. */
export interface ParentSpan extends SpanIds {
  readonly sampled: boolean;
  readonly state: string | undefined;
}

/** A request whose work is recorded. */
export interface ServedRequest extends SpanIds {
  takeWork(): boolean;
  linkTo(work: SpanIds): void;
}

/** A request that is recorded, from its first line to the end of its reply. */
export interface RequestSpan extends ServedRequest {
  end(outcome: RequestOutcome): void;
}

/** What a span may tell of a request: the contract's own words, and no value that a caller has sent. */
export interface RequestOutcome {
  readonly operation: { readonly id: string; readonly path: string } | undefined;
  readonly requestId: string;
  /** Undefined where the caller has not waited for it. */
  readonly status: number | undefined;
  /** Of the problem that it was answered with, out of a closed list. */
  readonly code: string | undefined;
}

/** What is asked of the database at once, for one request or for many together. */
export interface Work {
  readonly kind: 'read' | 'transaction';
  readonly system: 'postgresql' | 'sqlite';
  readonly role: 'primary' | 'replica';
}

/** A statement without its text and its values. */
export interface StatementSummary {
  /** Such as `SELECT`. */
  readonly operation: string;
  /** Such as `SELECT customers`. */
  readonly summary: string;
}

/** Work that is recorded. */
export interface WorkSpan extends SpanIds {
  beginStatement(statement: StatementSummary): StatementSpan;
  /** @param fault a code, never a message: those hold values. */
  end(fault: string | undefined): void;
}

export interface StatementSpan extends SpanIds {
  end(fault: string | undefined): void;
}

export interface Tracing {
  /** Undefined where the request is not sampled: nothing is recorded of it then, and nobody has anything to hand on. */
  beginRequest(method: string, scheme: string, parent: ParentSpan | undefined): RequestSpan | undefined;
  /** Undefined where none of those served has a share left. */
  beginWork(work: Work, served: readonly ServedRequest[]): WorkSpan | undefined;
  /** Sends what is left, within its own deadline. Never rejects. */
  stop(): Promise<void>;
}

/** Who is told what becomes of spans. */
export interface SpanObserver {
  readonly onSpans: (outcome: SpanOutcome, count: number) => void;
  /** With the reason when they cannot be sent, and without one when they can again. */
  readonly onHealth: (reason: { readonly error: unknown } | undefined) => void;
}

export type SpanOutcome =
  | 'exported'
  /** The collector did not take them. */
  | 'failed'
  /** Too many waited already. */
  | 'dropped';

/** Which process the spans come from. */
export interface Instance {
  /** Of the service. */
  readonly version: string;
  readonly id: string;
}
