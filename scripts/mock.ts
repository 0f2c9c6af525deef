/**
 * Serves a mock of the contract for those who build a client: every reply is an example of openapi.yaml, requests
 * are validated against the contract, and nothing is stored. `test/conformance` shows where it answers as the service.
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const host = '127.0.0.1';
const defaultPort = '4010';
const port = process.env.MOCK_PORT || defaultPort;

if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) serve();
else fail(`MOCK_PORT must be a port, 0 to 65535, such as MOCK_PORT=${defaultPort}.`);

/** Prism has a command and no other interface: it runs in a thread, so that it cannot outlive this process. */
function serve(): void {
  const prism = new URL(import.meta.resolve('@stoplight/prism-cli'));
  const contract = fileURLToPath(new URL('../openapi.yaml', import.meta.url));
  const argv = ['mock', contract, '--host', host, '--port', port];
  const worker = new Worker(prism, { argv, stdout: true, stderr: true });
  // Its log of every request would drown what a person is here for.
  createInterface(worker.stdout).on('line', (line) => {
    const url = /Prism is listening on (http:\S+)/.exec(line)?.[1];
    if (url) announce(url);
  });
  let lastWords = '';
  worker.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = text.trim().split('\n').at(-1) || lastWords;
  });
  worker.on('error', (error) => fail(`the mock ended by itself: ${error.message}`));
  worker.on('exit', () => {
    const isTaken = lastWords.includes('EADDRINUSE');
    fail(
      isTaken
        ? `port ${port} is taken by another process. Set MOCK_PORT to another one.`
        : `the mock ended by itself: ${lastWords}`,
    );
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));
}

function announce(url: string): void {
  const lines = [
    `A mock of openapi.yaml answers on ${url}. It stores nothing: every reply is an example. Ctrl-C stops it.`,
    '',
    'It wants a credential, and any will do:',
    '',
    `  curl -i ${url}/customers -H 'Authorization: Bearer any'`,
    '',
    'For another reply that the contract declares, say which:',
    '',
    `  curl -i ${url}/customers -H 'Authorization: Bearer any' -H 'Prefer: code=503'`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function fail(message: string): never {
  process.stderr.write(`mock: ${message}\n`);
  process.exit(1);
}
