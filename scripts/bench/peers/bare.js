/** node:http and better-sqlite3 with nothing: no router, no validation. What the platform itself costs. */
import { createServer } from 'node:http';
import { pageOf } from './customer-rows.js';
import { listening } from './listening.js';
import { openStore } from './sqlite-store.js';

const store = openStore(process.env.DATABASE);

const server = createServer((request, response) => {
  const id = request.url.slice('/customers/'.length);
  if (request.method === 'GET') {
    if (request.url.startsWith('/customers/')) send(response, 200, store.get(id));
    else {
      const query = new URLSearchParams(request.url.split('?')[1]);
      const limit = Number(query.get('limit') ?? 20);
      send(response, 200, pageOf(store.list(limit, query.get('cursor') ?? undefined), limit));
    }
    return;
  }
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString());
    if (request.method === 'POST') send(response, 201, store.create(body));
    else send(response, 200, store.update(id, body));
  });
});

function send(response, status, body) {
  const text = JSON.stringify(body ?? { title: 'Not found' });
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
  response.writeHead(body ? status : 404, headers).end(text);
}

server.listen(0, '127.0.0.1', () => listening(server.address().port));
