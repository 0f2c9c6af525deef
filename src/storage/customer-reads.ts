import type { Customer } from '../contract/types.ts';
import { deleted, erased, externalIdNotFound, notFound } from '../domain/commands.ts';
import { entityTag } from '../domain/customer.ts';
import type { Failure } from '../domain/failures.ts';
import type { StoredCustomer } from '../domain/ports.ts';
import type { Engine, Session } from './engine.ts';
import { createErasureRows } from './erasure-rows.ts';
import { customerExpression, markRendered } from './rendering.ts';

/** How many reads may share one query. */
const readsPerQueryMax = 128;

/** How many such queries run at once. What arrives meanwhile waits for the next one, and shares it. */
const queriesMax = 2;

type PointRead = (key: string) => Promise<StoredCustomer>;

interface Read {
  readonly key: string;
  readonly resolve: (customer: StoredCustomer) => void;
  readonly reject: (error: unknown) => void;
}

interface Row {
  readonly key: string;
  readonly version: number | string;
  readonly deleted_at: string | null;
  readonly body: string;
}

/** What customers are looked up by, and what it means that none was found. */
interface Lookup {
  /** The column that holds the key. */
  readonly key: string;
  /** Which rows have one of the keys, a JSON array, as its only parameter. */
  readonly condition: string;
  explainMissing(session: Session, keys: readonly string[]): Promise<(key: string) => Failure>;
}

/** Reads of single customers, by each of the keys that name one. */
export function createCustomerReads(engine: Engine): { byId: PointRead; byExternalId: PointRead } {
  const { dialect } = engine;
  const erasures = createErasureRows(dialect);
  return {
    byId: createPointReads(engine, {
      key: 'id',
      condition: dialect.among('id', 'uuid'),
      async explainMissing(session, ids) {
        const erasedIds = await erasures.among(session, ids);
        return (id) => (erasedIds.has(id) ? erased() : notFound());
      },
    }),
    byExternalId: createPointReads(engine, {
      key: 'external_id',
      condition: `deleted_at IS NULL AND ${dialect.among('external_id', 'text')}`,
      explainMissing: async () => externalIdNotFound,
    }),
  };
}

/**
 * Point reads, many in one query: those that arrive in the same turn of the event loop become one
 * `key IN (...)`. Measured 2.8 times cheaper than a query each; nothing is kept, so nothing is stale. A read is
 * always answered by a query that begins after it arrived.
 */
function createPointReads(engine: Engine, { key, condition, explainMissing }: Lookup): PointRead {
  const body = customerExpression(engine.dialect, 'customers');
  const sql = `SELECT ${key} AS key, version, deleted_at, ${body} AS body FROM customers WHERE ${condition}`;
  let waiting: Read[] = [];
  let running = 0;

  function flush(): void {
    while (waiting.length > 0 && running < queriesMax) {
      const reads = waiting.slice(0, readsPerQueryMax);
      waiting = waiting.slice(readsPerQueryMax);
      running += 1;
      engine
        .read((session) => answer(session, reads))
        .catch((error) => {
          for (const read of reads) read.reject(error);
        })
        .finally(() => {
          running -= 1;
          flush();
        });
    }
  }

  async function answer(session: Session, reads: readonly Read[]): Promise<void> {
    const keys = [...new Set(reads.map((read) => read.key))];
    const rows = await session.run<Row>(sql, [JSON.stringify(keys)]);
    const byKey = new Map(rows.map((row) => [row.key, row]));
    const missing = keys.filter((wanted) => !byKey.has(wanted));
    const explain = missing.length > 0 ? await explainMissing(session, missing) : notFound;
    for (const read of reads) settle(read, byKey.get(read.key), explain);
  }

  return (wanted) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ key: wanted, resolve, reject });
    });
}

function settle(read: Read, row: Row | undefined, explain: (key: string) => Failure): void {
  if (!row) read.reject(explain(read.key));
  else if (row.deleted_at !== null) read.reject(deleted());
  else read.resolve({ body: markRendered<Customer>(row.body), etag: entityTag(Number(row.version)) });
}
