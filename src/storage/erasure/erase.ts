import type { Customer } from '../../contract/types.ts';
import { timestamp } from '../../domain/clock.ts';
import { notFound } from '../../domain/commands.ts';
import type { WriteContext } from '../../domain/context.ts';
import { decideErasure, type ErasureOutcome, type ErasureStore } from '../../domain/erasure.ts';
import type { Precondition } from '../../domain/preconditions.ts';
import { type ChangeLog, createChangeLog } from '../changes/change-log.ts';
import { type CustomerRows, createCustomerRows } from '../customers/rows.ts';
import type { Database } from '../engine/backend.ts';
import type { Session } from '../engine/engine.ts';
import { translateErrors } from '../errors.ts';
import {
  createIdempotencyRows,
  hashRequest,
  type IdempotencyRows,
  keyReused,
} from '../writes/idempotency.ts';
import type { CustomerWriter } from '../writes/writer.ts';
import { ErasureCompletion } from './completion.ts';
import { createErasureRows, type ErasureRows, type StoredErasure } from './rows.ts';

export interface CustomerEraserOptions {
  readonly idempotencyKey: Buffer;
  readonly idempotencyTtlMs: number;
}

type Origin = Pick<WriteContext, 'actor' | 'source' | 'requestId'>;

/** How many unfinished erasures one sweep resumes. */
const resumedMax = 100;

const selectLongDeleted =
  'SELECT CAST(id AS text) AS id FROM customers WHERE deleted_at < ? ORDER BY deleted_at LIMIT 1';

/** The result of an erasure's transaction. */
interface ErasedRows {
  readonly erasure: StoredErasure;
  readonly replayed: boolean;
  /** All versions of the customer; empty when it was erased before. */
  readonly snapshots: readonly string[];
}

/**
 * Erases customers: first their rows, then what is left of them in the database's files. Each erasure has a
 * transaction of its own, because a write to the same customer in it would log its change after the log was scrubbed.
 */
export class CustomerEraser implements ErasureStore {
  readonly #database: Database;
  readonly #writer: CustomerWriter;
  readonly #options: CustomerEraserOptions;
  readonly #customers: CustomerRows;
  readonly #erasures: ErasureRows;
  readonly #changeLog: ChangeLog;
  readonly #keys: IdempotencyRows;
  readonly #completion: ErasureCompletion;
  /** False on a database server, whose files are out of reach: there an erasure ends with the rows. */
  readonly #ownsFiles: boolean;

  constructor(database: Database, writer: CustomerWriter, options: CustomerEraserOptions) {
    const { dialect } = database.engine;
    this.#database = database;
    this.#writer = writer;
    this.#options = options;
    this.#customers = createCustomerRows(dialect);
    this.#erasures = createErasureRows(dialect);
    this.#changeLog = createChangeLog(dialect);
    this.#keys = createIdempotencyRows(dialect);
    this.#completion = new ErasureCompletion(database, writer, this.#erasures);
    this.#ownsFiles = database.file !== undefined;
  }

  erase(id: string, precondition: Precondition, context: WriteContext): Promise<ErasureOutcome> {
    // The advice of a write, that nothing was stored, would be wrong after the transaction.
    return translateErrors(this.#erase(id, precondition, context), this.#database.engine.dialect, 'read');
  }

  /**
   * Erases one customer that was deleted at least this long ago.
   * @returns `skipped` when another instance changed that customer first, `none` when there is none.
   */
  async eraseLongDeleted(ageMs: number, origin: Origin): Promise<'erased' | 'skipped' | 'none'> {
    const erased = await this.#writer.transact(async (session, nowMs) => {
      const deletedBefore = timestamp(nowMs - ageMs);
      const [candidate] = await session.run<{ id: string }>(selectLongDeleted, [deletedBefore]);
      if (!candidate) return 'none';
      const [customer] = await this.#customers.lock(session, [candidate.id]);
      // It may have been restored or erased before it was locked.
      if (!customer?.deletedAt || customer.deletedAt >= deletedBefore) return 'skipped';
      const snapshots = await this.#snapshotsOf(session, customer);
      await this.#eraseRows(session, customer, {}, origin, timestamp(nowMs));
      return { id: customer.id, snapshots };
    });
    if (typeof erased === 'string') return erased;
    if (this.#ownsFiles) {
      this.#completion.remember(erased.id, erased.snapshots);
      await this.#completion.complete(erased.id);
    }
    return 'erased';
  }

  /** Completes erasures that a crash or an impatient caller has left unfinished. */
  async resume(): Promise<void> {
    if (!this.#ownsFiles) return;
    const unfinished = await this.#database.engine.read((session) =>
      this.#erasures.incomplete(session, resumedMax),
    );
    for (const id of unfinished) await this.#completion.complete(id);
  }

  /** Aborts unfinished erasures, which resume after the next start, and resolves when none is under way. */
  stop(): Promise<void> {
    return this.#completion.stop();
  }

  async #erase(id: string, precondition: Precondition, context: WriteContext): Promise<ErasureOutcome> {
    const { deadlineMs, trace } = context;
    const { erasure, replayed, snapshots } = await this.#writer.transact(
      (session, nowMs) => this.#eraseOrReplay(session, id, precondition, context, nowMs),
      { deadlineMs, trace },
    );
    if (snapshots.length > 0) this.#completion.remember(id, snapshots);
    if (!erasure.complete) await this.#completion.completeBefore(id, deadlineMs);
    return { receipt: erasure.receipt, feedPosition: erasure.position, replayed };
  }

  async #eraseOrReplay(
    session: Session,
    id: string,
    precondition: Precondition,
    context: WriteContext,
    nowMs: number,
  ): Promise<ErasedRows> {
    const at = timestamp(nowMs);
    const { idempotencyKey, idempotencyTtlMs } = this.#options;
    const request = context.idempotency && hashRequest(idempotencyKey, context.idempotency);
    const known = request && (await this.#keys.fingerprint(session, request.keyHash, at));
    if (request && known !== undefined && known !== request.fingerprint) throw keyReused();

    const [customer] = await this.#customers.lock(session, [id]);
    const snapshots = customer ? await this.#snapshotsOf(session, customer) : [];
    const erasure = customer
      ? await this.#eraseRows(session, customer, precondition, context, at)
      : await this.#erasures.find(session, id);
    if (!erasure) throw notFound();

    if (request && known === undefined) {
      const answer = { request, outcome: { id, created: false }, version: erasure.receipt.version };
      await this.#keys.remember(session, [answer], at, timestamp(nowMs + idempotencyTtlMs));
    }
    // An earlier erasure must have reached the synchronous standby before it is reported.
    const { awaitReplicatedCommits } = this.#database.engine.dialect;
    if (!customer && awaitReplicatedCommits) await session.run(awaitReplicatedCommits, []);
    return { erasure, replayed: known !== undefined, snapshots };
  }

  /** Includes the current row: retention may have removed its entry from the change log. */
  async #snapshotsOf(session: Session, customer: Customer): Promise<readonly string[]> {
    return [JSON.stringify(customer), ...(await this.#erasures.snapshots(session, customer.id))];
  }

  async #eraseRows(
    session: Session,
    customer: Customer,
    precondition: Precondition,
    { actor, source, requestId }: Origin,
    at: string,
  ): Promise<StoredErasure> {
    const { version, erasedAt, fields } = decideErasure(customer, precondition, at);
    const scrubbed = await this.#erasures.scrub(session, customer.id);
    const change = { customerId: customer.id, version, kind: 'erased', source, at: erasedAt } as const;
    const [position = ''] = await this.#changeLog.append(session, [
      { ...change, actor, requestId, changes: null, snapshot: null },
    ]);
    const erasure = {
      receipt: { customerId: customer.id, version, erasedAt, scrubbed: { fields, ...scrubbed } },
      position,
      complete: !this.#ownsFiles,
    };
    await this.#erasures.insert(session, erasure);
    return erasure;
  }
}
