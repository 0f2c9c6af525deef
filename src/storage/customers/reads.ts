import type { Customer } from '../../contract/types.ts';
import { deleted, erased, externalIdNotFound, notFound } from '../../domain/commands.ts';
import { type TracedRequest, tracedAmong } from '../../domain/context.ts';
import { entityTag } from '../../domain/customer.ts';
import type { StoredCustomer } from '../../domain/customer-store.ts';
import type { Failure } from '../../domain/failures.ts';
import { coalesceReads } from '../engine/batching.ts';
import { greatestPosition, type ReadSource, type Session } from '../engine/engine.ts';
import { createErasureRows } from '../erasure/rows.ts';
import { customerExpression, markRendered } from '../sql/projection.ts';

type PointRead = (key: string, minFeedPosition?: string, trace?: TracedRequest) => Promise<StoredCustomer>;

interface Read {
  readonly key: string;
  readonly minFeedPosition: string | undefined;
  readonly trace: TracedRequest | undefined;
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
export function createCustomerReads(source: ReadSource): { byId: PointRead; byExternalId: PointRead } {
  const { dialect } = source;
  const erasures = createErasureRows(dialect);
  return {
    byId: createPointReads(source, {
      key: 'id',
      condition: dialect.among('id', 'uuid'),
      async explainMissing(session, ids) {
        const erasedIds = await erasures.among(session, ids);
        return (id) => (erasedIds.has(id) ? erased() : notFound());
      },
    }),
    byExternalId: createPointReads(source, {
      key: 'external_id',
      condition: `deleted_at IS NULL AND ${dialect.among('external_id', 'text')}`,
      explainMissing: async () => externalIdNotFound,
    }),
  };
}

/**
 * Point reads, many in one query: those that arrive together become one `key IN (...)`. Measured 2.8 times cheaper
 * than a query each; nothing is kept, so nothing is stale.
 */
function createPointReads(source: ReadSource, { key, condition, explainMissing }: Lookup): PointRead {
  const body = customerExpression(source.dialect, 'customers');
  const sql = `SELECT ${key} AS key, version, deleted_at, ${body} AS body FROM customers WHERE ${condition}`;
  // Together they would all have to see the newest state.
  const newest = coalesceReads(query);
  const positioned = coalesceReads(query);

  async function query(reads: readonly Read[]): Promise<void> {
    const minFeedPosition = greatestPosition(reads.map((read) => read.minFeedPosition));
    const served = tracedAmong(reads);
    try {
      await source.read((session) => answer(session, reads), { minFeedPosition, served });
    } catch (error) {
      for (const read of reads) read.reject(error);
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

  return (wanted, minFeedPosition, trace) =>
    new Promise((resolve, reject) => {
      const share = minFeedPosition === undefined ? newest : positioned;
      share({ key: wanted, minFeedPosition, trace, resolve, reject });
    });
}

function settle(read: Read, row: Row | undefined, explain: (key: string) => Failure): void {
  if (!row) read.reject(explain(read.key));
  else if (row.deleted_at !== null) read.reject(deleted());
  else read.resolve({ body: markRendered<Customer>(row.body), etag: entityTag(Number(row.version)) });
}
