import type { Customer, Rendered } from '../../contract/types.ts';
import type { FeedBounds } from '../../domain/change-feed.ts';
import type { ChangeKind, ChangeSource, FieldChanges } from '../../domain/commands.ts';
import type { Session } from '../engine/engine.ts';
import type { Column } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';

/** A change to log: what made a new version of a customer, or erased it. */
export interface Change {
  readonly customerId: string;
  readonly version: number;
  readonly kind: ChangeKind;
  readonly source: ChangeSource;
  readonly at: string;
  readonly actor: string;
  readonly requestId: string;
  /** Null for a creation, whose changes follow from the snapshot, and for an erasure. */
  readonly changes: FieldChanges | null;
  /** The customer after the change; null for an erasure. */
  readonly snapshot: Rendered<Customer> | null;
}

const columns: readonly Column[] = [
  { name: 'customer_id', type: 'uuid' },
  { name: 'version', type: 'integer' },
  { name: 'kind', type: 'text' },
  { name: 'source', type: 'text' },
  { name: 'at', type: 'text' },
  { name: 'actor', type: 'text' },
  { name: 'request_id', type: 'text' },
  { name: 'changes', type: 'json' },
  { name: 'image', type: 'json' },
];

/** The table behind history, audit and change feed. */
export interface ChangeLog {
  /**
   * Appends changes in the transaction of their writes and returns their positions.
   *
   * Positions come from the single row of `feed_head`, which stays locked until COMMIT. So they become visible in
   * their own order and without gaps, across instances; a sequence would let readers skip a position that commits
   * late. Append last in the transaction to keep the lock short.
   */
  append(session: Session, changes: readonly Change[]): Promise<readonly string[]>;
  /** Returns the position of each customer's last change; the feed's horizon when retention has removed it. */
  lastPositions(session: Session, customerIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

export function createChangeLog(dialect: Dialect): ChangeLog {
  const statements = logStatements(dialect);

  /** Returns the new head. One statement on PostgreSQL, to hold the lock for one round trip less. */
  async function advanceAndInsert(session: Session, count: number, records: string): Promise<string> {
    if (dialect.supportsWritableCtes) {
      return positionIn(await session.run(statements.advanceAndInsert, [count, count, records]));
    }
    const head = positionIn(await session.run(statements.advance, [count]));
    await session.run(statements.insert, [count, records]);
    return head;
  }

  return {
    async append(session, changes) {
      if (changes.length === 0) return [];
      const head = await advanceAndInsert(session, changes.length, `[${changes.map(recordOf).join(',')}]`);
      const before = BigInt(head) - BigInt(changes.length);
      return changes.map((_, index) => String(before + BigInt(index + 1)));
    },
    async lastPositions(session, customerIds) {
      const rows = await session.run<{ id: string; position: string }>(statements.lastPositions, [
        JSON.stringify(customerIds),
      ]);
      const positions = new Map(rows.map(({ id, position }) => [id, position]));
      const removed = customerIds.filter((id) => !positions.has(id));
      if (removed.length === 0) return positions;
      const { horizon } = await readFeedBounds(session);
      for (const id of removed) positions.set(id, horizon);
      return positions;
    },
  };
}

function logStatements(dialect: Dialect) {
  const advance = 'UPDATE feed_head SET position = position + ? RETURNING CAST(position AS text) AS position';
  const names = columns.map(({ name }) => name).join(', ');
  const records = dialect.records([{ name: 'place', type: 'integer' }, ...columns], 'added');
  return {
    advance,
    insert:
      `INSERT INTO changes (position, ${names}) ` +
      `SELECT (SELECT position FROM feed_head) - ? + place, ${names} FROM ${records}`,
    advanceAndInsert:
      `WITH head AS (${advance}), appended AS (INSERT INTO changes (position, ${names}) ` +
      `SELECT CAST(head.position AS bigint) - ? + place, ${names} FROM head, ${records}) ` +
      'SELECT position FROM head',
    lastPositions:
      'SELECT CAST(customer_id AS text) AS id, CAST(max(position) AS text) AS position FROM changes ' +
      `WHERE ${dialect.among('customer_id', 'uuid')} GROUP BY customer_id`,
  };
}

/** Renders a change as a JSON record. The snapshot is JSON text already. */
function recordOf(change: Change, index: number): string {
  const scalars = JSON.stringify({
    place: index + 1,
    customer_id: change.customerId,
    version: change.version,
    kind: change.kind,
    source: change.source,
    at: change.at,
    actor: change.actor,
    request_id: change.requestId,
    changes: change.changes,
  });
  return `${scalars.slice(0, -1)},"image":${change.snapshot}}`;
}

/** The columns of `feed_head` that make {@link FeedBounds}. */
export const boundsColumns = 'CAST(feed_head.position AS text) AS head, CAST(horizon AS text) AS horizon';

const selectBounds = `SELECT ${boundsColumns} FROM feed_head`;

/** Reads the bounds of the change feed. */
export async function readFeedBounds(session: Session): Promise<FeedBounds> {
  const { head, horizon } = feedHeadIn(await session.run<FeedBounds>(selectBounds, []));
  return { head, horizon };
}

/** Returns the first row of a statement that always has one, because it reads `feed_head`. */
export function feedHeadIn<Row>([row]: readonly Row[]): Row {
  if (!row) throw new Error('The table feed_head has lost its row.');
  return row;
}

function positionIn(rows: readonly { readonly position: string }[]): string {
  return feedHeadIn(rows).position;
}
