// Copied from scripts/client/runtime/event-stream.ts by `npm run generate`. Never edited here.

import { splitLines } from './lines.ts';

/** What an event stream tells: an event, or only where it stands and how soon to come back. */
export interface StreamedEvent {
  /** What to reconnect with. */
  readonly lastEventId: string | undefined;
  /** How long to wait before a reconnection. */
  readonly retryMs: number | undefined;
  /** Undefined where the block had no data. */
  readonly data: string | undefined;
}

/** Reads `text/event-stream` as section 9.2.6 of the HTML standard says. A block that was cut off is dropped. */
export async function* parseEvents(
  pieces: AsyncIterable<string>,
): AsyncGenerator<StreamedEvent, void, undefined> {
  let lastEventId: string | undefined;
  let retryMs: number | undefined;
  let data: string[] = [];
  for await (const line of splitLines(pieces)) {
    if (line === '') {
      yield { lastEventId, retryMs, data: data.length === 0 ? undefined : data.join('\n') };
      data = [];
      continue;
    }
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) lastEventId = value;
    else if (field === 'retry' && /^\d+$/.test(value)) retryMs = Number(value);
  }
}
