/** The process is killed during keyed requests, and its clients retry. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/storage/open.ts';
import { openDirectly, select } from '../storage/direct-engine.ts';
import { describeEngines, freshDatabaseUrl } from '../support/engines.ts';
import { startKillableService } from '../support/killable-service.ts';
import { randomFrom } from '../support/random.ts';
import { byTier } from '../support/tier.ts';

const rounds = byTier({ full: 4, soak: 50 });
const writers = 24;

describeEngines('Idempotency-Key when the service is killed', (engine) => {
  test('exactly one customer per key after the retries', async (t) => {
    const random = randomFrom(`idempotency kill ${engine}`);
    const databaseUrl = await freshDatabaseUrl(t, engine);
    await migrate(loadConfig({ DATABASE_URL: databaseUrl }).database);
    const direct = openDirectly(t, databaseUrl);
    const figures = { acknowledged: 0, storedUnacknowledged: 0, createdOnRetry: 0 };
    let service = await startKillableService(t, databaseUrl);
    let keys = 0;

    for (let round = 0; round < rounds; round++) {
      const answers = new Map<string, Answer | undefined>();
      const writing = Array.from({ length: writers }, (_, writer) =>
        writeUntilKilled(service.url, `${round}-${writer}`, answers),
      );
      while (![...answers.values()].some(Boolean)) await delay(2);
      await delay(random.integer(0, 100));
      await service.kill();
      await Promise.all(writing);
      service = await startKillableService(t, databaseUrl);
      for (const [key, answer] of answers) {
        const retry = await create(service.url, key);
        assert.equal(retry.status, 201);
        keys += 1;
        if (answer) {
          assert.deepEqual([retry.text, retry.replayed], [answer.text, true]);
          figures.acknowledged += 1;
        } else if (retry.replayed) figures.storedUnacknowledged += 1;
        else figures.createdOnRetry += 1;
      }
    }

    const customers = await select<{ id: string; note: string }>(direct, 'SELECT * FROM customers');
    assert.equal(customers.length, keys);
    assert.equal(new Set(customers.map(({ note }) => note)).size, keys);
    const [changes] = await select<{ count: number }>(direct, 'SELECT count(*) AS count FROM changes');
    assert.equal(Number(changes?.count), keys);
    t.diagnostic(`${rounds} kills, ${keys} keys: ${JSON.stringify(figures)}, 0 lost, 0 duplicated`);
    await service.kill();
  });
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly replayed: boolean;
}

async function create(url: string, key: string): Promise<Answer> {
  const response = await fetch(`${url}/customers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    // No unique member, so that only the key prevents a duplicate.
    body: JSON.stringify({ name: 'Ada', note: key, tags: ['kept'] }),
  });
  const text = await response.text();
  return { status: response.status, text, replayed: response.headers.get('idempotency-replayed') === 'true' };
}

/** Creates customers one by one, each with its own key; the response to the last one is never seen. */
async function writeUntilKilled(
  url: string,
  name: string,
  answers: Map<string, Answer | undefined>,
): Promise<void> {
  for (let count = 0; ; count++) {
    const key = `${name}-${count}`;
    answers.set(key, undefined);
    try {
      answers.set(key, await create(url, key));
    } catch {
      return;
    }
  }
}
