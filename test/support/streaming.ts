import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';

/** Yields the bytes in chunks of these sizes, repeated in turn. */
export async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (let turn = 0; start < bytes.length; turn++) {
    const end = start + (sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(start, end);
    start = end;
  }
}

export interface OpenImport {
  readonly upload: ClientRequest;
  /** Resolves when the response begins. */
  readonly reply: Promise<IncomingMessage>;
  /** Sends text, and waits while the service does not read. */
  send(text: string): Promise<void>;
  /** The next line of the response; undefined at its end. */
  nextLine<Line>(): Promise<Line | undefined>;
}

/** Opens an import whose upload stays open: fetch would send all of it before reading. */
export function openImport(
  url: string,
  contentType = 'application/x-ndjson',
  path = '/customers/import',
): OpenImport {
  const upload = request(url + path, { method: 'POST', headers: { 'Content-Type': contentType } });
  const reply = once(upload, 'response').then(([message]) => message as IncomingMessage);
  reply.catch(() => undefined);
  upload.on('error', () => undefined);
  upload.flushHeaders();
  let lines: AsyncIterator<string> | undefined;
  return {
    upload,
    reply,
    async send(text) {
      if (!upload.write(text)) await once(upload, 'drain');
    },
    async nextLine() {
      lines ??= createInterface(await reply)[Symbol.asyncIterator]();
      const { done, value } = await lines.next();
      return done ? undefined : JSON.parse(value);
    },
  };
}
