import type { ErasureReceipt } from '../../contract/types.ts';
import type { Session } from '../engine/engine.ts';
import { rowLimit } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import { run, sql } from '../sql/sql.ts';

/** A stored erasure. */
export interface StoredErasure {
  readonly receipt: ErasureReceipt;
  readonly position: string;
  /** Whether the customer is also gone from the database's files. */
  readonly complete: boolean;
}

/** How many rows the erasure removed or cleared per table. */
export type ScrubbedRows = Pick<ErasureReceipt['scrubbed'], 'versions' | 'tags' | 'idempotencyKeys'>;

/** The statements on erased customers, who have no row in `customers`. */
export interface ErasureRows {
  /** Returns which of these customers are erased. */
  among(session: Session, ids: readonly string[]): Promise<ReadonlySet<string>>;
  find(session: Session, id: string): Promise<StoredErasure | undefined>;
  /** Returns the customer's versions in the change log, as JSON. */
  snapshots(session: Session, id: string): Promise<readonly string[]>;
  /** Removes the customer's personal data from every table, and deletes its row in `customers`. */
  scrub(session: Session, id: string): Promise<ScrubbedRows>;
  insert(session: Session, erasure: StoredErasure): Promise<void>;
  markComplete(session: Session, ids: readonly string[]): Promise<void>;
  /** Returns which of these erasures are incomplete. */
  incompleteAmong(session: Session, ids: readonly string[]): Promise<readonly string[]>;
  /** Returns erasures whose bytes may still be in the files, as after a crash. */
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

/** The fingerprint in `idempotency_keys` of an erased customer's request. */
export const scrubbedFingerprint = '';

/**
 * The statements that scrub a customer, one per table with personal data, in order. A new table or index of personal
 * data needs a statement here, before that of `customers`.
 */
const scrubStatements = {
  tags: 'DELETE FROM customer_tags WHERE ordinal IN (SELECT ordinal FROM customers WHERE id = ?) RETURNING 1',
  versions:
    'UPDATE changes SET changes = NULL, image = NULL ' +
    'WHERE customer_id = ? AND (changes IS NOT NULL OR image IS NOT NULL) RETURNING 1',
  // The row stays until it expires: a repeated request is answered 410 instead of being executed again.
  idempotencyKeys: `UPDATE idempotency_keys SET fingerprint = '${scrubbedFingerprint}' WHERE customer_id = ? RETURNING 1`,
  customers: 'DELETE FROM customers WHERE id = ? RETURNING 1',
} as const;

export function createErasureRows(dialect: Dialect): ErasureRows {
  const isAmongIds = dialect.among('customer_id', 'uuid');
  const selectAmong = `SELECT customer_id AS id FROM erasures WHERE ${isAmongIds}`;
  const selectIncompleteAmong = `${selectAmong} AND complete = 0`;
  const setComplete = `UPDATE erasures SET complete = 1 WHERE ${isAmongIds}`;
  const idsIn = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

  return {
    async among(session, ids) {
      if (ids.length === 0) return new Set();
      return new Set(idsIn(await session.run(selectAmong, [JSON.stringify(ids)])));
    },
    async find(session, id) {
      const [row] = await session.run<Row>(selectErasure, [id]);
      return row && storedErasure(id, row);
    },
    async snapshots(session, id) {
      const rows = await session.run<{ text: string | null }>(selectSnapshots, [id]);
      return rows.flatMap(({ text }) => text ?? []);
    },
    scrub,
    insert,
    async markComplete(session, ids) {
      await session.run(setComplete, [JSON.stringify(ids)]);
    },
    async incompleteAmong(session, ids) {
      return idsIn(await session.run(selectIncompleteAmong, [JSON.stringify(ids)]));
    },
    async incomplete(session, limit) {
      return idsIn(await session.run(selectIncomplete, [limit]));
    },
  };
}

const selectErasure =
  'SELECT version, CAST(position AS text) AS position, erased_at, fields, versions, tags, idempotency_keys, ' +
  'complete FROM erasures WHERE customer_id = ?';
const selectSnapshots = 'SELECT CAST(image AS text) AS text FROM changes WHERE customer_id = ?';
const selectIncomplete = `SELECT customer_id AS id FROM erasures WHERE complete = 0 LIMIT ${rowLimit}`;

async function scrub(session: Session, id: string): Promise<ScrubbedRows> {
  const scrubTable = async (table: keyof typeof scrubStatements) =>
    (await session.run(scrubStatements[table], [id])).length;
  const tags = await scrubTable('tags');
  const versions = await scrubTable('versions');
  const idempotencyKeys = await scrubTable('idempotencyKeys');
  await scrubTable('customers');
  return { versions, tags, idempotencyKeys };
}

async function insert(session: Session, { receipt, position, complete }: StoredErasure): Promise<void> {
  const { customerId, version, erasedAt, scrubbed } = receipt;
  const { fields, versions, tags, idempotencyKeys } = scrubbed;
  await run(
    session,
    sql`INSERT INTO erasures
      (customer_id, version, position, erased_at, fields, versions, tags, idempotency_keys, complete)
      VALUES (${customerId}, ${version}, CAST(${position} AS bigint), ${erasedAt}, ${fields}, ${versions}, ${tags},
        ${idempotencyKeys}, ${complete ? 1 : 0})`,
  );
}

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
