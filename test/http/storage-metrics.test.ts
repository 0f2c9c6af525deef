/**
 * Metrics of writes, connections and the write-ahead log.
 *
 * Planted, and each failed: groups observed one by one, the wait of the last write instead of the first, the
 * readers' figures reported for the writer, a WAL size on PostgreSQL.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { GroupCommit } from '../../src/storage/writes/group-commit.ts';
import { describeEngines } from '../support/engines.ts';
import { startTestService } from '../support/service.ts';

/** Labels of low cardinality; none identifies a client or customer. */
const labelsKnown = ['operation', 'status', 'reason', 'pool', 'queue', 'le', 'quantile'];
/** Labels of prom-client's own process metrics. */
const labelsOfProcess = ['type', 'space', 'kind', 'version', 'major', 'minor', 'patch'];

describeEngines('metrics of storage', (engine) => {
  test('count write groups and show connections and the write-ahead log', async (t) => {
    const { call } = await startTestService(t, { engine });
    const names = Array.from({ length: 40 }, (_, index) => `Customer ${index}`);
    await Promise.all(names.map((name) => call('POST', '/customers', { body: { name } })));
    const { text } = await call('GET', '/metrics');
    const value = (sample: string) => {
      const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
      return line === undefined ? undefined : Number(line.slice(sample.length));
    };
    const groups = value('write_group_size_count') ?? 0;
    assert.equal(value('write_group_size_sum'), names.length, 'each write must be in one group');
    assert.ok(groups > 0 && groups <= names.length);
    assert.equal(value('write_queue_wait_seconds_count'), groups);
    assert.equal(value('write_group_duration_seconds_count'), groups);
    assert.ok((value('write_group_duration_seconds_sum') ?? 0) > 0);
    assert.equal(value('write_queue_length'), 0);
    assert.equal(value('database_connections_max{pool="writer"}'), 1);
    assert.equal(value('database_connections_max{pool="readers"}'), { sqlite: 4, postgres: 8 }[engine]);
    assert.equal(value('database_connections_in_use{pool="writer"}'), 0);
    assert.equal(value('database_connection_waiters{pool="readers"}'), 0);
    const walBytes = value('sqlite_wal_bytes');
    assert.equal(walBytes !== undefined && walBytes > 0, engine === 'sqlite');
    assert.deepEqual([value('feed_head_position'), value('feed_lag_changes')], [names.length, 0]);
    t.diagnostic(`${names.length} writes in ${groups} groups`);
  });

  test('use only low-cardinality labels', async (t) => {
    const { call } = await startTestService(t, { engine });
    await call('GET', '/customers');
    const { text } = await call('GET', '/metrics');
    const samples = text.split('\n').filter((line) => line.includes('{'));
    for (const sample of samples) {
      const known = /^(process|nodejs)_/.test(sample) ? [...labelsOfProcess, ...labelsKnown] : labelsKnown;
      for (const [, label = ''] of sample.matchAll(/[{,](\w+)="/g)) assert.ok(known.includes(label), sample);
    }
    t.diagnostic(`${samples.length} samples with labels`);
  });
});

suite('the group commit observer', () => {
  test('receives the number of writes in a transaction and the wait of the first', async () => {
    const observed: [size: number, waitedMs: number, tookMs: number][] = [];
    const observer = { groupEnded: (...group: [number, number, number]) => void observed.push(group) };
    const startedAt: number[] = [];
    const slow = async (batch: readonly number[]) => {
      startedAt.push(performance.now());
      await delay(60);
      return batch.map((result) => ({ result }));
    };
    const writes = new GroupCommit(slow, { batchMax: 8, queueMax: 8, observer });
    const first = writes.submit(1);
    await delay(5);
    const second = writes.submit(2);
    await delay(20);
    const thirdAt = performance.now();
    const third = writes.submit(3);
    assert.equal(writes.waiting, 2);
    await Promise.all([first, second, third]);
    assert.deepEqual(
      observed.map(([size]) => size),
      [1, 2],
    );
    // Timers may fire a millisecond early.
    assert.ok(
      observed.every(([, , tookMs]) => tookMs >= 58),
      JSON.stringify(observed),
    );
    const [, waitedMs = 0] = observed[1] ?? [];
    // The second write came 20 ms before the third, and both ran in one transaction.
    assert.ok(waitedMs > (startedAt[1] ?? 0) - thirdAt + 10, `${waitedMs}`);
    assert.ok((observed[0]?.[1] ?? 99) < waitedMs);
  });
});
