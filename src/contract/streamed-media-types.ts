/** Media types whose bodies are never held as a whole: they go through the service piece by piece. */
export const streamedMediaTypes = ['application/x-ndjson', 'text/csv', 'text/event-stream'] as const;

export type StreamedMediaType = (typeof streamedMediaTypes)[number];

export function isStreamed(mediaType: string): mediaType is StreamedMediaType {
  return streamedMediaTypes.some((streamed) => streamed === mediaType);
}
