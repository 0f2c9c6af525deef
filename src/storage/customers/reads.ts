import type { Customer } from '../../contract/types.ts';
import { deleted, erased, externalIdNotFound, notFound } from '../../domain/commands.ts';
import { type ReadContext, tracedAmong } from '../../domain/context.ts';
import { entityTag } from '../../domain/customer.ts';
import type { CustomerStore, StoredCustomer } from '../../domain/customer-store.ts';
import type { Failure } from '../../domain/failures.ts';
import { createBatcher } from '../engine/batching.ts';
import { greatestPosition, type ReadSource, type Session } from '../engine/engine.ts';
import { createErasureRows } from '../erasure/rows.ts';
import { customerExpression, markRendered } from '../sql/projection.ts';

type PointRead = (key: string, context?: ReadContext) => Promise<StoredCustomer>;

/** A read that waits for its batch. */
interface PendingRead extends ReadContext {
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

/** How to find customers by one kind of key. */
interface Lookup {
  readonly keyColumn: string;
  /** The condition for rows with one of the keys; its only parameter is a JSON array. */
  readonly condition: string;
  /** Returns which failure each key without a row means. */
  explainMissing(session: Session, keys: readonly string[]): Promise<(key: string) => Failure>;
}

/** Reads single customers by id or externalId. */
export function createCustomerReads(source: ReadSource): Pick<CustomerStore, 'get' | 'getByExternalId'> {
  const { dialect } = source;
  const erasures = createErasureRows(dialect);
  return {
    get: createPointRead(source, {
      keyColumn: 'id',
      condition: dialect.among('id', 'uuid'),
      async explainMissing(session, ids) {
        const erasedIds = await erasures.among(session, ids);
        return (id) => (erasedIds.has(id) ? erased() : notFound());
      },
    }),
    getByExternalId: createPointRead(source, {
      keyColumn: 'external_id',
      condition: `deleted_at IS NULL AND ${dialect.among('external_id', 'text')}`,
      explainMissing: async () => externalIdNotFound,
    }),
  };
}

/** Answers reads that arrive together with one query. Nothing is cached, so nothing is stale. */
function createPointRead(source: ReadSource, { keyColumn, condition, explainMissing }: Lookup): PointRead {
  const body = customerExpression(source.dialect, 'customers');
  const statement = `SELECT ${keyColumn} AS key, version, deleted_at, ${body} AS body FROM customers WHERE ${condition}`;
  // Separate batches: one read of the newest state would keep its whole batch from the replica.
  const readNewest = createBatcher(readBatch);
  const readPositioned = createBatcher(readBatch);

  async function readBatch(reads: readonly PendingRead[]): Promise<void> {
    const minFeedPosition = greatestPosition(reads.map((read) => read.minFeedPosition));
    try {
      await source.read((session) => answer(session, reads), { minFeedPosition, traced: tracedAmong(reads) });
    } catch (error) {
      for (const read of reads) read.reject(error);
    }
  }

  async function answer(session: Session, reads: readonly PendingRead[]): Promise<void> {
    const keys = [...new Set(reads.map((read) => read.key))];
    const rows = await session.run<Row>(statement, [JSON.stringify(keys)]);
    const byKey = new Map(rows.map((row) => [row.key, row]));
    const missing = keys.filter((key) => !byKey.has(key));
    const explain = missing.length > 0 ? await explainMissing(session, missing) : notFound;
    for (const read of reads) settle(read, byKey.get(read.key), explain);
  }

  return (key, { minFeedPosition, trace } = {}) =>
    new Promise((resolve, reject) => {
      const read = minFeedPosition === undefined ? readNewest : readPositioned;
      read({ key, minFeedPosition, trace, resolve, reject });
    });
}

function settle(read: PendingRead, row: Row | undefined, explain: (key: string) => Failure): void {
  if (!row) read.reject(explain(read.key));
  else if (row.deleted_at !== null) read.reject(deleted());
  else read.resolve({ body: markRendered<Customer>(row.body), etag: entityTag(Number(row.version)) });
}
