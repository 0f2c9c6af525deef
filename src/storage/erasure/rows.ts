import type { ErasureReceipt } from '../../contract/types.ts';
import type { Session } from '../engine/engine.ts';
import { rowLimit } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';

/** An erasure as it is kept: the receipt, and whether the database's files are rid of the customer too. */
export interface StoredErasure {
  readonly receipt: ErasureReceipt;
  readonly position: string;
  readonly complete: boolean;
}

/** How much was removed from each table that held something of the customer. */
export type ScrubbedRows = Pick<ErasureReceipt['scrubbed'], 'versions' | 'tags' | 'idempotencyKeys'>;

/** The statements on erased customers. An erased customer has no row in `customers`, so that no query can show it. */
export interface ErasureRows {
  /** Which of these ids are of erased customers. */
  among(session: Session, ids: readonly string[]): Promise<ReadonlySet<string>>;
  find(session: Session, id: string): Promise<StoredErasure | undefined>;
  /** Every text that the customer's versions hold as JSON, for a search that has to find none of them later. */
  images(session: Session, id: string): Promise<readonly string[]>;
  /** Removes what is personal from every table, the customer's own row included. */
  scrub(session: Session, id: string): Promise<ScrubbedRows>;
  insert(session: Session, erasure: StoredErasure): Promise<void>;
  markComplete(session: Session, ids: readonly string[]): Promise<void>;
  /** Which of these erasures are not complete. */
  incompleteAmong(session: Session, ids: readonly string[]): Promise<readonly string[]>;
  /** Erasures whose bytes may still be in the files, as after a crash. */
  incomplete(session: Session, limit: number): Promise<readonly string[]>;
}

interface Row {
  readonly version: number | string;
  readonly position: string;
  readonly erased_at: string;
  readonly fields: number | string;
  readonly versions: number | string;
  readonly tags: number | string;
  readonly idempotency_keys: number | string;
  readonly complete: number | string;
}

/** What a row of `idempotency_keys` has for a fingerprint when its customer is erased. */
export const scrubbedFingerprint = '';

/**
 * Every table that holds something of a customer, with the statement that removes it, in this order. A new index or
 * table of personal data, such as one for searching, gets its statement here, before that of the customer itself.
 */
const scrubStatements = {
  tags: 'DELETE FROM customer_tags WHERE ordinal IN (SELECT ordinal FROM customers WHERE id = ?) RETURNING 1',
  versions:
    'UPDATE changes SET changes = NULL, image = NULL ' +
    'WHERE customer_id = ? AND (changes IS NOT NULL OR image IS NOT NULL) RETURNING 1',
  // The row stays until it expires, so that a repeat is told 410 and not done again.
  idempotencyKeys: `UPDATE idempotency_keys SET fingerprint = '${scrubbedFingerprint}' WHERE customer_id = ? RETURNING 1`,
  customers: 'DELETE FROM customers WHERE id = ? RETURNING 1',
} as const;

const columns =
  'customer_id, version, position, erased_at, fields, versions, tags, idempotency_keys, complete';

export function createErasureRows(dialect: Dialect): ErasureRows {
  const amongIds = dialect.among('customer_id', 'uuid');
  const among = `SELECT customer_id AS id FROM erasures WHERE ${amongIds}`;
  const incompleteAmong = `${among} AND complete = 0`;
  const markComplete = `UPDATE erasures SET complete = 1 WHERE ${amongIds}`;

  return {
    async among(session, ids) {
      if (ids.length === 0) return new Set();
      const rows = await session.run<{ id: string }>(among, [JSON.stringify(ids)]);
      return new Set(rows.map(({ id }) => id));
    },
    async find(session, id) {
      const [row] = await session.run<Row>(find, [id]);
      return row && storedErasure(id, row);
    },
    async images(session, id) {
      const rows = await session.run<{ text: string | null }>(images, [id]);
      return rows.flatMap(({ text }) => text ?? []);
    },
    async scrub(session, id) {
      const count = async (part: keyof typeof scrubStatements) =>
        (await session.run(scrubStatements[part], [id])).length;
      const tags = await count('tags');
      const versions = await count('versions');
      const idempotencyKeys = await count('idempotencyKeys');
      await count('customers');
      return { versions, tags, idempotencyKeys };
    },
    async insert(session, { receipt, position, complete }) {
      const { customerId, version, erasedAt, scrubbed } = receipt;
      const { fields, versions, tags, idempotencyKeys } = scrubbed;
      const counts = [fields, versions, tags, idempotencyKeys, complete ? 1 : 0];
      await session.run(insert, [customerId, version, position, erasedAt, ...counts]);
    },
    async markComplete(session, ids) {
      await session.run(markComplete, [JSON.stringify(ids)]);
    },
    async incompleteAmong(session, ids) {
      const rows = await session.run<{ id: string }>(incompleteAmong, [JSON.stringify(ids)]);
      return rows.map(({ id }) => id);
    },
    async incomplete(session, limit) {
      const rows = await session.run<{ id: string }>(incomplete, [limit]);
      return rows.map(({ id }) => id);
    },
  };
}

const find =
  'SELECT version, CAST(position AS text) AS position, erased_at, fields, versions, tags, idempotency_keys, ' +
  'complete FROM erasures WHERE customer_id = ?';
const images = 'SELECT CAST(image AS text) AS text FROM changes WHERE customer_id = ?';
const insert = `INSERT INTO erasures (${columns}) VALUES (?, ?, CAST(? AS bigint), ?, ?, ?, ?, ?, ?)`;
const incomplete = `SELECT customer_id AS id FROM erasures WHERE complete = 0 LIMIT ${rowLimit}`;

function storedErasure(customerId: string, row: Row): StoredErasure {
  return {
    receipt: {
      customerId,
      version: Number(row.version),
      erasedAt: row.erased_at,
      scrubbed: {
        fields: Number(row.fields),
        versions: Number(row.versions),
        tags: Number(row.tags),
        idempotencyKeys: Number(row.idempotency_keys),
      },
    },
    position: row.position,
    complete: Number(row.complete) === 1,
  };
}
