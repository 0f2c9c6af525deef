/** A thousand customers, created and paged through with plain HTTP. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { before, test } from 'node:test';
import { suiteCleanup } from '../support/cleanup.ts';
import { describeEngines } from '../support/engines.ts';
import { randomFrom } from '../support/random.ts';
import { startTestService } from '../support/service.ts';

const customersCount = 1000;
const othersCount = 200;
const connections = 16;
const sorts = ['createdAt', '-createdAt', 'updatedAt', '-updatedAt', 'name', '-name'];
const limits = [100, 50, 37];

describeEngines('a thousand customers', (engine) => {
  const cleanup = suiteCleanup();
  const random = randomFrom(`thousand ${engine}`);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  cleanup.after(() => agent.destroy());
  let url = '';
  const ids: string[] = [];

  before(async () => {
    ({ url } = await startTestService(cleanup, { engine }));
    await inParallel(customersCount, async (index) => {
      ids.push(await create({ name: nameOf(index), email: `customer-${index}@example.com` }));
    });
    assert.equal(new Set(ids).size, customersCount);
  });

  for (const sort of sorts) {
    test(`${sort}: each seen once while ${othersCount} others are created and deleted`, async (t) => {
      const limit = random.pick(limits);
      const seen: string[] = [];
      const come: string[] = [];
      let created = 0;
      let gone = 0;
      let pages = 0;
      // Some exist from the start, so that in every order some are deleted before they are reached.
      await churn(othersCount / 4);
      let path: string | undefined = `/customers?sort=${sort}&limit=${limit}`;
      while (path) {
        const [page] = await Promise.all([
          get(path),
          churn(Math.ceil((othersCount * limit) / customersCount)),
        ]);
        seen.push(...(page.body as { items: { id: string }[] }).items.map(({ id }) => id));
        path = nextOf(page.link);
        pages += 1;
      }
      await churn(othersCount);
      for (const id of come.splice(0)) await remove(id);
      assert.equal(gone, othersCount);

      const times = new Map<string, number>();
      for (const id of seen) times.set(id, (times.get(id) ?? 0) + 1);
      const wrong = ids.filter((id) => times.get(id) !== 1);
      assert.deepEqual(wrong, []);
      if (!sort.endsWith('updatedAt')) assert.equal(times.size, seen.length);
      const met = seen.length - customersCount;
      t.diagnostic(
        `${pages} pages of ${limit}: ${customersCount} seen once, 0 skipped, ${met} of ${gone} others seen`,
      );

      /** Creates customers and deletes half of them, so that there are always some of both kinds. */
      async function churn(count: number): Promise<void> {
        const fresh = Math.min(count, othersCount - created);
        created += fresh;
        await inParallel(fresh, async () => {
          come.push(await create({ name: nameOf(random.integer(0, 9999)), note: 'comes and goes' }));
          const leaving = random.boolean() ? come.splice(random.integer(0, come.length - 1), 1) : [];
          for (const id of leaving) await remove(id);
        });
      }

      async function remove(id: string): Promise<void> {
        assert.equal((await send('DELETE', `/customers/${id}`)).status, 204);
        gone += 1;
      }
    });
  }

  async function create(body: object): Promise<string> {
    const reply = await send('POST', '/customers', body);
    assert.equal(reply.status, 201);
    return (reply.body as { id: string }).id;
  }

  async function get(path: string) {
    const reply = await send('GET', path);
    assert.equal(reply.status, 200);
    return reply;
  }

  function send(method: string, path: string, body?: object) {
    return new Promise<{ status: number; body: unknown; link: string | undefined }>((resolve, reject) => {
      const headers = body ? { 'content-type': 'application/json' } : {};
      const sent = request(url + path, { method, agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        response.on('end', () => {
          const link = response.headers.link;
          resolve({
            status: response.statusCode ?? 0,
            body: text ? JSON.parse(text) : undefined,
            link: Array.isArray(link) ? link[0] : link,
          });
        });
      });
      sent.on('error', reject).end(body && JSON.stringify(body));
    });
  }
});

/** The target of `Link: <...>; rel="next"`. */
function nextOf(link: string | undefined): string | undefined {
  return /^<([^>]+)>; rel="next"$/.exec(link ?? '')?.[1];
}

/** Names in many scripts; some are equal, and some fold to the same key. */
function nameOf(index: number): string {
  const first = ['Zoë', 'zoe', 'Ådne', 'Владимир', '李', 'O’Neil', 'ß', '\u{1f600}'];
  return `${first[index % first.length]} ${index % 300}`;
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
}
