import { Agent, type IncomingHttpHeaders, request as sendRequest } from 'node:http';
import { isStreamed } from '../../src/contract/operations.ts';
import type { Target } from '../conformance/cases.ts';

/** A request as separate values, so that an oracle can judge each. */
export interface HostileRequest {
  readonly target: Target;
  /** What the request tries, such as `query limit: minimum`. */
  readonly label: string;
  /** Values of the path's parameters, not yet encoded. For `@live` and the like see `resources.ts`. */
  readonly path: Readonly<Record<string, string>>;
  /** Names and values, not yet encoded. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** HEAD instead of the operation's own method. */
  readonly method?: string;
  readonly body?: Uint8Array | undefined;
}

export interface HostileReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Placeholders in a path for the key of an existing customer, live or deleted. */
export const placeholders = { live: '@live', deleted: '@deleted' } as const;

export function isPlaceholder(value: string | undefined): boolean {
  return Object.values(placeholders).some((placeholder) => placeholder === value);
}

/** An endless response is aborted after its first bytes, or after this long without any. */
const streamPatienceMs = 250;
const timeoutMs = 30_000;

/** Reuses a few connections, so that a run does not open thousands. */
export function createSender(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const { hostname, port } = new URL(url);

  /** Uses node:http, because fetch resolves `..` and rejects hostile requests. */
  function send(hostile: HostileRequest): Promise<HostileReply> {
    const { target, headers, body, method = target.method } = hostile;
    return new Promise((resolve, reject) => {
      const outgoing = sendRequest(
        { hostname, port, agent, method, path: pathOf(hostile), headers: withLength(headers, body) },
        (incoming) => {
          const chunks: Buffer[] = [];
          const finish = () =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: headersFrom(incoming.headers),
              text: Buffer.concat(chunks).toString(),
            });
          incoming.on('error', reject);
          incoming.on('end', finish);
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          if (!isEndless(incoming.headers)) return;
          const leave = () => {
            finish();
            incoming.off('error', reject).on('error', () => undefined);
            incoming.destroy();
          };
          const patience = setTimeout(leave, streamPatienceMs);
          incoming.once('data', leave).once('close', () => clearTimeout(patience));
        },
      );
      outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`no response in ${timeoutMs} ms`)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  return { send, close: () => agent.destroy() };
}

export function pathOf({ target, path, query }: HostileRequest): string {
  const filled = target.path.replace(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(path[name] ?? ''));
  const pairs = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return pairs.length > 0 ? `${filled}?${pairs.join('&')}` : filled;
}

function withLength(headers: Readonly<Record<string, string>>, body: Uint8Array | undefined) {
  return body === undefined ? headers : { ...headers, 'Content-Length': String(body.byteLength) };
}

/** Only event streams are endless; other streams end by themselves. */
function isEndless(headers: IncomingHttpHeaders): boolean {
  const mediaType = (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  return isStreamed(mediaType) && mediaType === 'text/event-stream';
}

function headersFrom(headers: IncomingHttpHeaders): Headers {
  const list = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, each]),
  );
  return new Headers(list);
}
