import type { Customer, Rendered } from '../../contract/types.ts';
import type { FeedExtent } from '../../domain/change-feed.ts';
import type { ChangeKind, ChangeSource, FieldChanges } from '../../domain/commands.ts';
import type { Session } from '../engine/engine.ts';
import type { Column } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';

/** One new version of one customer. */
export interface Change {
  readonly customerId: string;
  readonly version: number;
  readonly kind: ChangeKind;
  readonly source: ChangeSource;
  readonly at: string;
  readonly actor: string;
  readonly requestId: string;
  /** Null for a creation, whose changes are the image itself, and for an erasure. */
  readonly changes: FieldChanges | null;
  /** The customer after the change; null for an erasure. */
  readonly image: Rendered<Customer> | null;
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

/** The one table that history, audit and feed are read from. */
export interface ChangeLog {
  /**
   * Appends changes inside the transaction of their writes, and returns their positions as decimal text.
   *
   * A position is taken from the single row of `feed_head`, which stays locked until COMMIT: positions
   * therefore become visible in their own order and without gaps, also where several instances write. It must
   * be the last thing that a transaction writes, so that the lock is short. (With a plain sequence a reader
   * would pass over a position that commits late.)
   */
  append(session: Session, changes: readonly Change[]): Promise<readonly string[]>;
  /**
   * The position of each customer's last change, by the customer's id; the horizon where retention has removed it,
   * for that has not passed the horizon, and a reader can go on from there.
   */
  lastPositions(session: Session, customerIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

export function createChangeLog(dialect: Dialect): ChangeLog {
  const advance = 'UPDATE feed_head SET position = position + ? RETURNING CAST(position AS text) AS position';
  const names = columns.map(({ name }) => name).join(', ');
  const placed: Column[] = [{ name: 'place', type: 'integer' }, ...columns];
  const records = dialect.records(placed, 'added');
  const insert =
    `INSERT INTO changes (position, ${names}) ` +
    `SELECT (SELECT position FROM feed_head) - ? + place, ${names} FROM ${records}`;
  const advanceAndInsert =
    `WITH head AS (${advance}), appended AS (INSERT INTO changes (position, ${names}) ` +
    `SELECT CAST(head.position AS bigint) - ? + place, ${names} FROM head, ${records}) SELECT position FROM head`;

  const last =
    'SELECT CAST(customer_id AS text) AS id, CAST(max(position) AS text) AS position FROM changes ' +
    `WHERE ${dialect.among('customer_id', 'uuid')} GROUP BY customer_id`;

  /** Returns the new head. In one statement where the database takes that: the head is locked a round trip less. */
  async function advanceBy(session: Session, count: number, added: string): Promise<string> {
    if (dialect.writesInWith) return positionIn(await session.run(advanceAndInsert, [count, count, added]));
    const head = positionIn(await session.run(advance, [count]));
    await session.run(insert, [count, added]);
    return head;
  }

  return {
    async append(session, changes) {
      if (changes.length === 0) return [];
      const head = await advanceBy(session, changes.length, `[${changes.map(recordOf).join(',')}]`);
      const before = BigInt(head) - BigInt(changes.length);
      return changes.map((_, index) => String(before + BigInt(index + 1)));
    },
    async lastPositions(session, customerIds) {
      const rows = await session.run<{ id: string; position: string }>(last, [JSON.stringify(customerIds)]);
      const positions = new Map(rows.map(({ id, position }) => [id, position]));
      const removed = customerIds.filter((id) => !positions.has(id));
      if (removed.length === 0) return positions;
      const { horizon } = await readExtent(session);
      for (const id of removed) positions.set(id, horizon);
      return positions;
    },
  };
}

function positionIn([row]: readonly { readonly position: string }[]): string {
  if (!row) throw new Error('The table feed_head does not hold its row.');
  return row.position;
}

/** The change as JSON, with the image put in as the text that it already is. */
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
  return `${scalars.slice(0, -1)},"image":${change.image}}`;
}

/** Columns of `feed_head` that make a FeedExtent, for a statement that reads changes and extent at one moment. */
export const extentColumns = 'CAST(feed_head.position AS text) AS head, CAST(horizon AS text) AS horizon';

const extentStatement = `SELECT ${extentColumns} FROM feed_head`;

/** How far the feed reaches: the newest position, and the last one that retention has removed. */
export async function readExtent(session: Session): Promise<FeedExtent> {
  const [row] = await session.run<FeedExtent>(extentStatement, []);
  if (!row) throw new Error('The table feed_head does not hold its row.');
  return { head: row.head, horizon: row.horizon };
}
