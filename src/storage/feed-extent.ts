import type { FeedExtent } from '../domain/change-feed.ts';
import type { Session } from './engine.ts';

/** Columns of `feed_head` that make a FeedExtent, for a statement that reads changes and extent at one moment. */
export const extentColumns = 'CAST(feed_head.position AS text) AS head, CAST(horizon AS text) AS horizon';

const extentStatement = `SELECT ${extentColumns} FROM feed_head`;

/** How far the feed reaches: the newest position, and the last one that retention has removed. */
export async function readExtent(session: Session): Promise<FeedExtent> {
  const [row] = await session.run<FeedExtent>(extentStatement, []);
  if (!row) throw new Error('The table feed_head does not hold its row.');
  return { head: row.head, horizon: row.horizon };
}
