import type { IncomingHttpHeaders } from 'node:http';

/** What a caller says of the trace that it is in (W3C Trace Context). */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether the caller records the trace. */
  readonly sampled: boolean;
  /** What OpenTelemetry itself says of how the trace was sampled: the member `ot` of `tracestate`. */
  readonly state: string | undefined;
}

/** A version after 00 may have more parts behind; its first ones mean the same. */
const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const invalidVersion = 'ff';
const firstVersion = '00';
const nullTraceId = '0'.repeat(32);
const nullSpanId = '0'.repeat(16);
const sampledFlag = 1;

/** Numbers only. What other systems say is for those that a trace is passed on to, and it may hold anything. */
const samplingState = /(?:^|,)[ \t]*(ot=(?:(?:th|rv):[0-9a-f]{1,14};?){1,2})[ \t]*(?:,|$)/;

/** The caller's trace; undefined where it names none, or not as it must be, which is as good as none. */
export function traceParentOf({ traceparent, tracestate }: IncomingHttpHeaders): TraceParent | undefined {
  if (typeof traceparent !== 'string') return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = traceparentPattern.exec(traceparent) ?? [];
  if (version === undefined || version === invalidVersion) return undefined;
  if (version === firstVersion && more !== undefined) return undefined;
  if (traceId === nullTraceId || spanId === nullSpanId) return undefined;
  const sampled = (Number.parseInt(flags, 16) & sampledFlag) === sampledFlag;
  return { traceId, spanId, sampled, state: samplingState.exec(String(tracestate ?? ''))?.[1] };
}
