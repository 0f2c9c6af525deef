/** Compares Express's routes with the contract and the list of system paths. */
import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { METHODS, type Server } from 'node:http';
import { before, suite, test } from 'node:test';
import type { Express } from 'express';
import { v7 as uuidv7 } from 'uuid';
import { operationsById } from '../../src/contract/operations.ts';
import type { Pipeline } from '../../src/http/app.ts';
import { bulkHandlers } from '../../src/http/routes/bulk.ts';
import { changeHandlers } from '../../src/http/routes/changes.ts';
import {
  customerHandlers,
  erasureHandlers,
  externalIdHandlers,
  historyHandlers,
} from '../../src/http/routes/customers.ts';
import { systemPaths } from '../../src/http/routes/system.ts';
import { suiteCleanup } from '../support/cleanup.ts';
import { startTestService, type TestService } from '../support/service.ts';

/** Every step of the pipeline. Before you add one here, check whether it can respond without authentication. */
const pipeline = [
  'trackPipelining',
  'createRequestContext',
  'accessLog',
  'limitPipelining',
  'closeWhenStopping',
  'checkRequestLine',
  'setPreflightHeaders',
  'corsMiddleware',
  'loopbackGuard',
  'systemRoutes',
  'shedLoad',
  'authenticate',
  'matchOperation',
  'authorize',
  'checkMediaTypes',
  'continueBody',
  'readBody',
  'validateStrictly',
  'dispatch',
];

/** Paths that are often exposed by accident. */
const accidentalPaths = [
  '/',
  '/index.html',
  '/favicon.ico',
  '/robots.txt',
  '/package.json',
  '/data/customers.db',
  '/src/main.ts',
  '/.env',
  '/.git/config',
  '/.well-known/security.txt',
  '/health',
  '/healthz',
  '/status',
  '/debug/pprof',
  '/api',
  '/api-docs',
  '/swagger',
  '/graphql',
  '/admin',
  '/v1/customers',
  '/Customers',
  '/customers/',
  '//customers',
  '/LIVEZ',
  '/livez/',
  '/openapi',
];

interface Layer {
  readonly name: string;
  /** Whether it handles every path. */
  readonly slash: boolean;
  readonly handle: Partial<Pipeline>;
}

suite('router', () => {
  const cleanup = suiteCleanup();
  let service: TestService;
  let app: Express;

  before(async () => {
    service = await startTestService(cleanup, { engine: 'sqlite' });
    // With every optional step enabled.
    const environment = { CORS_ORIGINS: '*' };
    app = await applicationOf(await startTestService(cleanup, { engine: 'sqlite', environment }));
  });

  test('has the pipeline and the error handler, for every path', () => {
    const layers = layersOf(app).map(({ name, slash }) => [name, slash]);
    assert.deepEqual(layers, [
      ['pipeline', true],
      ['errorHandler', true],
    ]);
  });

  test('has only the known steps in the pipeline', (context) => {
    const steps = layersOf(app)[0]?.handle.steps ?? [];
    context.diagnostic(`${steps.length} steps, ${systemPaths.length} system paths`);
    assert.deepEqual(
      steps.map(({ name }) => name),
      pipeline,
    );
  });

  test('has a handler for each operation, and no other', () => {
    const options = { requireIfMatch: false } as never;
    const handlers = {
      ...customerHandlers(options),
      ...externalIdHandlers(options),
      ...erasureHandlers(options),
      ...historyHandlers({} as never),
      ...changeHandlers({} as never),
      ...bulkHandlers({} as never),
    };
    assert.deepEqual(Object.keys(handlers).sort(), [...operationsById.keys()].sort());
    for (const [id, handler] of Object.entries(handlers)) assert.equal(typeof handler, 'function', id);
  });

  test('routes each operation to its handler, and returns 405 for every other method of its path', async (context) => {
    let tried = 0;
    const operations = [...operationsById.values()];
    for (const path of new Set(operations.map((operation) => operation.path))) {
      const methods = operations.filter((each) => each.path === path).map(({ method }) => method);
      const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
      for (const method of METHODS.filter((each) => each !== 'CONNECT')) {
        const reply = await service.raw(requestOf(method, path.replaceAll(/\{\w+\}/g, uuidv7())));
        tried += 1;
        const name = `${method} ${path} answered\n${reply.text}`;
        if (!allowed.includes(method)) {
          assert.equal(reply.status, 405, name);
          assert.deepEqual(
            /^allow: (.*)\r$/im.exec(reply.text)?.[1]?.split(', ').sort(),
            allowed.sort(),
            name,
          );
        } else {
          // A handler's 404 is about a customer, the router's about a path.
          assert.ok(reply.status < 500 && reply.status !== 405, name);
          assert.doesNotMatch(reply.text, /"code":"not_found"/, name);
        }
      }
    }
    context.diagnostic(`${tried} methods of ${operationsById.size} operations' paths tried`);
  });

  test('serves the system paths, for GET and HEAD only', async () => {
    for (const path of systemPaths) {
      for (const method of METHODS.filter((each) => each !== 'CONNECT')) {
        const { status, text } = await service.raw(requestOf(method, path));
        assert.equal(status, ['GET', 'HEAD'].includes(method) ? 200 : 405, `${method} ${path}\n${text}`);
      }
    }
  });

  test('404 for everything else', async (context) => {
    for (const path of accidentalPaths) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const { status } = await service.raw(requestOf(method, path));
        assert.equal(status, 404, `${method} ${path}`);
      }
    }
    context.diagnostic(`${accidentalPaths.length} paths tried`);
  });
});

/** The running application: Node's diagnostics channel names the server, whose listener it is. */
async function applicationOf({ url, raw }: TestService): Promise<Express> {
  const channel = 'http.server.request.start';
  let app: Express | undefined;
  const note = (message: unknown) => {
    const { server } = message as { readonly server: Server };
    if (url.endsWith(`:${(server.address() as { port: number }).port}`))
      [app] = server.listeners('request') as Express[];
  };
  diagnostics.subscribe(channel, note);
  await raw(requestOf('GET', '/livez'));
  diagnostics.unsubscribe(channel, note);
  assert.ok(app, 'the server has no listener');
  return app;
}

function layersOf(app: Express): readonly Layer[] {
  return (app as unknown as { readonly router: { readonly stack: readonly Layer[] } }).router.stack;
}

function requestOf(method: string, path: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
