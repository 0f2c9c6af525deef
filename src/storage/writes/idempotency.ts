import type { Customer } from '../../contract/types.ts';
import { erased } from '../../domain/commands.ts';
import type { IdempotentRequest } from '../../domain/context.ts';
import { entityTag } from '../../domain/customer.ts';
import type { WriteOutcome } from '../../domain/customer-store.ts';
import { Failure } from '../../domain/failures.ts';
import { snapshotExpression } from '../changes/snapshots.ts';
import type { Session } from '../engine/engine.ts';
import { scrubbedFingerprint } from '../erasure/rows.ts';
import { WriteConflict } from '../errors.ts';
import { keyedHash } from '../secrets.ts';
import type { Column } from '../sql/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import { customerExpression, markRendered } from '../sql/projection.ts';
import type { Settled } from './group-commit.ts';

/** An Idempotency-Key and the request that it was used for, as hashes keyed by the database's secret. */
export interface HashedRequest {
  readonly keyHash: string;
  readonly fingerprint: string;
}

/** Hashes a request's key and its fingerprint. */
export function hashRequest(secret: Buffer, request: IdempotentRequest): HashedRequest {
  return {
    keyHash: keyedHash(secret, ['key', ...request.scope, request.key]).toString('base64url'),
    fingerprint: keyedHash(secret, ['request', ...request.fingerprint]).toString('base64url'),
  };
}

/**
 * The table of Idempotency-Keys. A row points at a version of a customer, whose snapshot is in the change log, so
 * that answers are not a second copy of personal data.
 */
export interface IdempotencyRows {
  /** Returns the answers to the keys that have not expired at `now`, by key hash. */
  find(session: Session, keyHashes: readonly string[], now: string): Promise<Map<string, KnownAnswer>>;
  /** Returns the fingerprint of the request that used the key; undefined if none did. */
  fingerprint(session: Session, keyHash: string, now: string): Promise<string | undefined>;
  /**
   * Stores answers.
   * @throws WriteConflict when another instance has stored one of the keys, Failure `idempotency_key_in_use` when
   * another transaction holds one.
   */
  remember(session: Session, answers: readonly Answer[], now: string, expiresAt: string): Promise<void>;
}

/** A stored answer with the request that it belongs to. */
export interface KnownAnswer {
  readonly fingerprint: string;
  readonly outcome: Settled<WriteOutcome>;
}

/** An answer to store. */
export interface Answer {
  readonly request: HashedRequest;
  readonly outcome: Pick<WriteOutcome, 'id' | 'created'>;
  readonly version: number;
}

interface KeyRow {
  readonly key_hash: string;
  readonly fingerprint: string;
  readonly customer_id: string;
  readonly version: number | string;
  readonly created: number | string;
  readonly position: string;
  readonly snapshot: string | null;
  readonly erased: number;
}

const columns: readonly Column[] = [
  { name: 'key_hash', type: 'text' },
  { name: 'fingerprint', type: 'text' },
  { name: 'customer_id', type: 'uuid' },
  { name: 'version', type: 'integer' },
  { name: 'created', type: 'integer' },
  { name: 'expires_at', type: 'text' },
];

export function createIdempotencyRows(dialect: Dialect): IdempotencyRows {
  const statements = idempotencyStatements(dialect);

  return {
    async find(session, keyHashes, now) {
      const rows = await session.run<KeyRow>(statements.find, [JSON.stringify(keyHashes), now]);
      return new Map(
        rows.map((row) => [row.key_hash, { fingerprint: row.fingerprint, outcome: storedOutcome(row) }]),
      );
    },
    async fingerprint(session, keyHash, now) {
      const [row] = await session.run<{ fingerprint: string }>(statements.fingerprint, [keyHash, now]);
      return row?.fingerprint;
    },
    async remember(session, answers, now, expiresAt) {
      if (answers.length === 0) return;
      const records = answers.map((answer) => recordOf(answer, expiresAt));
      try {
        const stored = await session.run(statements.remember, [JSON.stringify(records), now]);
        if (stored.length < answers.length) throw new WriteConflict();
      } catch (error) {
        throw dialect.errorMeaning(error) === 'locked' ? keyInUse(error) : error;
      }
    },
  };
}

function idempotencyStatements(dialect: Dialect) {
  const names = columns.map(({ name }) => name);
  const assignments = names.slice(1).map((name) => `${name} = excluded.${name}`);
  return {
    find:
      'SELECT key_hash, fingerprint, keys.customer_id, keys.version, created, ' +
      'CAST(COALESCE(changes.position, (SELECT horizon FROM feed_head)) AS text) AS position, ' +
      // When retention has removed the change, the customer itself may still have that version.
      `CASE WHEN changes.image IS NOT NULL THEN ${snapshotExpression(dialect, 'changes.image')} ` +
      `WHEN customers.id IS NOT NULL THEN ${customerExpression(dialect, 'customers')} END AS snapshot, ` +
      'CASE WHEN erasures.customer_id IS NULL THEN 0 ELSE 1 END AS erased FROM idempotency_keys AS keys ' +
      'LEFT JOIN changes ON changes.customer_id = keys.customer_id AND changes.version = keys.version ' +
      'LEFT JOIN customers ON customers.id = keys.customer_id AND customers.version = keys.version ' +
      'LEFT JOIN erasures ON erasures.customer_id = keys.customer_id ' +
      `WHERE ${dialect.among('key_hash', 'text')} AND expires_at > ?`,
    fingerprint: 'SELECT fingerprint FROM idempotency_keys WHERE key_hash = ? AND expires_at > ?',
    // Takes over expired keys.
    remember:
      `INSERT INTO idempotency_keys (${names.join(', ')}) ` +
      `SELECT ${names.join(', ')} FROM ${dialect.records(columns, 'added')} WHERE true ` +
      `ON CONFLICT (key_hash) DO UPDATE SET ${assignments.join(', ')} ` +
      'WHERE idempotency_keys.expires_at <= ? RETURNING key_hash',
  };
}

function recordOf({ request, outcome, version }: Answer, expiresAt: string) {
  return {
    key_hash: request.keyHash,
    fingerprint: request.fingerprint,
    customer_id: outcome.id,
    version,
    created: outcome.created ? 1 : 0,
    expires_at: expiresAt,
  };
}

/** Returns the first answer again, or a failure when the key was used for another request. */
export function replay(known: KnownAnswer, request: HashedRequest): Settled<WriteOutcome> {
  // Erasure clears the fingerprint; the outcome is `customer_erased` for any request.
  const isOther = known.fingerprint !== request.fingerprint && known.fingerprint !== scrubbedFingerprint;
  if (isOther) return { error: keyReused() };
  if (!('result' in known.outcome)) return known.outcome;
  return { result: { ...known.outcome.result, replayed: true } };
}

/** The failure for a key that another request has used. */
export function keyReused(): Failure {
  const detail =
    'This Idempotency-Key was used for another request. Use a new key, or repeat that request unchanged.';
  return new Failure('idempotency_key_reused', detail);
}

function keyInUse(cause: unknown): Failure {
  const detail =
    'The first request with this Idempotency-Key is still under way. Repeat this one in a moment.';
  return new Failure('idempotency_key_in_use', detail, { retryAfterSeconds: 1, cause });
}

function storedOutcome(row: KeyRow): Settled<WriteOutcome> {
  if (row.erased === 1) return { error: erased() };
  if (row.snapshot === null) {
    const detail = 'The request was done, and what it answered is no longer kept.';
    return { error: new Failure('answer_expired', detail) };
  }
  return {
    result: {
      id: row.customer_id,
      body: markRendered<Customer>(row.snapshot),
      etag: entityTag(Number(row.version)),
      created: Number(row.created) === 1,
      feedPosition: row.position,
      validated: false,
      replayed: true,
    },
  };
}
