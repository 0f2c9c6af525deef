/** Marks omitted members in a printed body. */
const leftOut = '…';

/** A response as printed by `curl -i` or on a page. */
export interface Reply {
  readonly status: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: unknown;
}

/** Parses the output of `curl -i`, or a page's version of it. */
export function parseReply(text: string): Reply {
  const [head = '', body = ''] = text.replaceAll('\r\n', '\n').split(/\n\n(.*)/s);
  const [status = '', ...headers] = head.trimEnd().split('\n');
  const isStream = head.includes('text/event-stream');
  const json = body.replace(/"(?:[^"\\]|\\.)*"|…/g, (found) =>
    found === leftOut ? `"${leftOut}": true` : found,
  );
  return {
    status,
    headers: headers.map((header) => header.split(/: (.*)/s, 2) as [string, string]),
    body: isStream ? body.trimEnd() : json.trim() === '' ? null : JSON.parse(json),
  };
}

/** The response without the headers and members that the page omits. */
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
  if (typeof printed === 'string' && typeof value === 'string') return shortenedText(printed, value);
  if (!isObject(printed) || !isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, shortened(printed[name], member)]);
  if (!(leftOut in printed)) return Object.fromEntries(members);
  const kept = members.filter(([name]) => String(name) in printed);
  return Object.fromEntries([...kept, [leftOut, true]]);
}

/** Cuts lines where the page cuts them; the omitted part must have the same length. */
function shortenedText(printed: string, text: string): string {
  const printedLines = printed.split('\n');
  return text
    .split('\n')
    .map((line, index) => {
      const end = printedLines[index]?.indexOf(leftOut) ?? -1;
      return end === -1 ? line : line.slice(0, end) + leftOut;
    })
    .join('\n');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf({ status, headers, body }: Reply): string {
  return [status, ...headers.map((header) => header.join(': ')), '', JSON.stringify(body, null, 2)].join(
    '\n',
  );
}
