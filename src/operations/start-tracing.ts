import type { SpanObserver, Tracing, TracingOptions } from './tracing.ts';

/** Which process the spans come from. */
export interface Instance {
  /** Of the service. */
  readonly version: string;
  readonly id: string;
}

/** Starts to record traces. What that needs is loaded here, and nowhere else. */
export async function startTracing(
  options: TracingOptions,
  { version, id }: Instance,
  observer: SpanObserver,
): Promise<Tracing> {
  const { createTracing } = await import('./opentelemetry.ts');
  const ours = { 'service.version': version, 'service.instance.id': id };
  // What an operator says comes first.
  return createTracing(
    { ...options, resourceAttributes: { ...ours, ...options.resourceAttributes } },
    observer,
  );
}
