/** An event as dispatched by the HTML standard. */
export interface ServerSentEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

export interface EventReader {
  /** What a browser would send when it reconnects. */
  readonly lastEventId: string;
  readonly retryMs: number | undefined;
  readonly comments: number;
  /** Takes the next chunk of the stream, split anywhere, and returns the events it completes. */
  read(text: string): ServerSentEvent[];
}

/**
 * Parses `text/event-stream` according to section 9.2.6 of the HTML standard; lines must end with a line
 * feed.
 */
export function eventReader(): EventReader {
  let rest = '';
  let event = { type: '', data: [] as string[] };
  const state = { lastEventId: '', retryMs: undefined as number | undefined, comments: 0 };

  function take(line: string): ServerSentEvent[] {
    if (line === '') return dispatch();
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === '') state.comments += 1;
    else if (field === 'id') state.lastEventId = value;
    else if (field === 'event') event.type = value;
    else if (field === 'data') event.data.push(value);
    else if (field === 'retry') state.retryMs = Number(value);
    else throw new Error(`There is no field ${field} in an event stream.`);
    return [];
  }

  function dispatch(): ServerSentEvent[] {
    const { type, data } = event;
    event = { type: '', data: [] };
    if (data.length === 0) return [];
    return [{ id: state.lastEventId, type: type || 'message', data: data.join('\n') }];
  }

  return {
    get lastEventId() {
      return state.lastEventId;
    },
    get retryMs() {
      return state.retryMs;
    },
    get comments() {
      return state.comments;
    },
    read(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      return lines.flatMap(take);
    },
  };
}
