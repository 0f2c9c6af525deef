/** A minimal node:http server: no router, no database, one fixed response. Run as a program. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The size of a test customer. */
const reply = JSON.stringify({ id: 'x', filling: 'x'.repeat(500) });
const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(reply) };

const server = createServer((_request, response) => {
  response.writeHead(200, headers).end(reply);
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});

// Ends with the test, even if that is killed.
process.stdin.on('end', () => process.exit()).resume();
