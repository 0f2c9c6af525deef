/** Replies as pages print them, with what they leave out and what differs by nature. */

/** Stands in a printed body for the members that are left out. */
const leftOut = '…';

export interface Reply {
  readonly status: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: unknown;
}

/** Reads what `curl -i` prints, and what a page prints of it. */
export function parseReply(text: string): Reply {
  const [head = '', body = ''] = text.replaceAll('\r\n', '\n').split(/\n\n(.*)/s);
  const [status = '', ...headers] = head.trimEnd().split('\n');
  const json = body.replace(/"(?:[^"\\]|\\.)*"|…/g, (found) =>
    found === leftOut ? `"${leftOut}": true` : found,
  );
  return {
    status,
    headers: headers.map((header) => header.split(/: (.*)/s, 2) as [string, string]),
    body: json.trim() === '' ? null : JSON.parse(json),
  };
}

/** The reply without the headers that the page leaves out, and without the members where it says so. */
export function shortenedLike(printed: Reply, reply: Reply): Reply {
  const names = printed.headers.map(([name]) => name);
  return {
    status: reply.status,
    headers: reply.headers.filter(([name]) => names.includes(name)),
    body: shortened(printed.body, reply.body),
  };
}

function shortened(printed: unknown, value: unknown): unknown {
  if (Array.isArray(printed) && Array.isArray(value)) {
    return value.map((item, index) => shortened(printed[index], item));
  }
  if (!isObject(printed) || !isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, shortened(printed[name], member)]);
  if (!(leftOut in printed)) return Object.fromEntries(members);
  const kept = members.filter(([name]) => String(name) in printed);
  return Object.fromEntries([...kept, [leftOut, true]]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf({ status, headers, body }: Reply): string {
  return [status, ...headers.map((header) => header.join(': ')), '', JSON.stringify(body, null, 2)].join(
    '\n',
  );
}

/**
 * Puts names in the place of what differs by nature: times, ids, cursors. The same id gets the same name, so that
 * what must be the same from one answer to the next is still compared.
 */
export function generalized(text: string, names: Map<string, string>): string {
  const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
  const idOrCursor = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\w-]{60,}/g;
  return text.replace(time, '<time>').replace(idOrCursor, (found) => {
    const name = names.get(found) ?? `<${found.length === 36 ? 'id' : 'cursor'} ${names.size + 1}>`;
    names.set(found, name);
    return name;
  });
}
