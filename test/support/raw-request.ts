import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawReply {
  /** Everything that was received: status line, headers and body, of each reply on the connection. */
  readonly text: string;
  /** Of the first reply; 0 when there was none. */
  readonly status: number;
  /** Whether the server ended the connection, rather than our patience. */
  readonly closed: boolean;
}

/**
 * Writes exactly these bytes to a new connection, for what fetch would refuse or repair, and reads until
 * the server ends it, at most `timeoutMs`. Send `Connection: close` when the reply alone is of interest.
 */
export async function sendRaw(url: string, bytes: string | Uint8Array, timeoutMs = 5000): Promise<RawReply> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // A reset is one way for the server to end the connection; what came before it is the answer.
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
