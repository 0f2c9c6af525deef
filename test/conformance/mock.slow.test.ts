/** `npm run mock` as a user sees it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { before, describe, test } from 'node:test';
import { afterwards, suiteCleanup } from '../support/cleanup.ts';
import { resolved } from '../support/contract-document.ts';
import { type Mock, mockArguments, startMock } from '../support/mock.ts';
import { runCommand } from '../support/process.ts';
import { exampleCases, targets } from './cases.ts';
import { send, shapeFault } from './exchange.ts';

interface Declared {
  readonly content?: Readonly<Record<string, { readonly examples?: Readonly<Record<string, unknown>> }>>;
}

describe('the mock', () => {
  const cleanup = suiteCleanup();
  let mock: Mock;

  before(async () => {
    mock = await startMock(cleanup);
  });

  test('returns every declared status with every example of it on request', async (context) => {
    const faults: string[] = [];
    let tried = 0;
    for (const target of targets) {
      const [example] = exampleCases(target);
      assert.ok(example);
      for (const [status, response] of Object.entries(target.responses)) {
        const [content] = Object.values((resolved(response) as Declared).content ?? {});
        const asked = ['', ...Object.keys(content?.examples ?? {}).map((name) => `, example=${name}`)];
        for (const choice of asked) {
          const prefer = `code=${status}${choice}`;
          const answer = await send(mock.url, example, { Prefer: prefer });
          tried += 1;
          const fault = shapeFault(example, answer);
          if (String(answer.status) !== status)
            faults.push(`${target.operationId} ${prefer}: ${answer.status}`);
          if (fault) faults.push(`${target.operationId} ${prefer}: ${fault}`);
        }
      }
    }
    context.diagnostic(`${tried} responses requested, ${faults.length} wrong`);
    assert.ok(tried > 150, `${tried} tried`);
    assert.deepEqual(faults, []);
  });

  test('401 without a credential', async () => {
    const [example] = targets.flatMap(exampleCases);
    assert.ok(example);
    const answer = await send(mock.url, example, { Authorization: '' });
    assert.equal(answer.status, 401);
    assert.equal(shapeFault(example, answer), undefined);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`exits with 0 on ${signal}, and leaves no process listening`, async (context) => {
      const own = await startMock(context);
      const { code, stderr } = await own.stop(signal);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      await assert.rejects(fetch(`${own.url}/customers`));
    });
  }

  test('reports in one line that its port is in use or invalid', async (context) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterwards(context, () => void server.close());
    const { port } = server.address() as { port: number };
    const wrong: readonly (readonly [string, RegExp])[] = [
      [
        String(port),
        new RegExp(`^mock: port ${port} is taken by another process\\. Set MOCK_PORT [^\\n]+\\n$`),
      ],
      ['http', /^mock: MOCK_PORT must be a port[^\n]+\n$/],
      ['65536', /^mock: MOCK_PORT must be a port[^\n]+\n$/],
    ];
    for (const [MOCK_PORT, message] of wrong) {
      const { code, stdout, stderr } = await runCommand([], {
        nodeArguments: mockArguments,
        env: { MOCK_PORT },
      });
      assert.match(stderr, message);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    }
  });

  test('prints commands that work when pasted', async (context) => {
    if (spawnSync('curl', ['--version']).status !== 0) return context.skip('this test needs curl');
    const lines = mock.match.input.split('\n').filter((line) => line.startsWith('  curl '));
    const replies = lines.map(
      (line) => spawnSync('sh', ['-c', line], { encoding: 'utf8' }).stdout.split('\r\n')[0],
    );
    assert.deepEqual(replies, ['HTTP/1.1 200 OK', 'HTTP/1.1 503 Service Unavailable']);
  });
});
