import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawReply {
  /** Everything received: status line, headers and body of each response on the connection. */
  readonly text: string;
  /** Of the first response; 0 if there was none. */
  readonly status: number;
  /** Whether the server ended the connection before the timeout. */
  readonly closed: boolean;
}

/**
 * Sends exactly these bytes on a new connection, for requests that fetch refuses or corrects, and reads until
 * the server ends it or `timeoutMs` pass. Send `Connection: close` if only the response matters.
 */
export async function sendRaw(url: string, bytes: string | Uint8Array, timeoutMs = 5000): Promise<RawReply> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // A reset also ends the connection; what was received before is the response.
  socket.on('error', () => undefined);
  const ended = new Promise((resolve) => socket.on('close', resolve));
  let closed = true;
  const timer = setTimeout(() => {
    closed = false;
    socket.destroy();
  }, timeoutMs);
  socket.write(bytes);
  await ended;
  clearTimeout(timer);
  const text = Buffer.concat(chunks).toString();
  return { text, status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), closed };
}
