import type { Customer } from '../../contract/types.ts';
import { notFound } from '../../domain/commands.ts';
import type { WriteContext } from '../../domain/customer-store.ts';
import { decideErasure, type ErasureOutcome } from '../../domain/erasure.ts';
import type { Precondition } from '../../domain/preconditions.ts';
import { createChangeLog } from '../changes/log.ts';
import { createCustomerRows } from '../customers/rows.ts';
import type { Session } from '../engine/engine.ts';
import type { Database } from '../open.ts';
import { createIdempotencyRows, hashRequest, keyReused } from '../writes/idempotency.ts';
import type { CustomerWrites } from '../writes/writer.ts';
import { createErasureCompletion } from './completion.ts';
import { createErasureRows, type StoredErasure } from './rows.ts';

export interface ErasuresOptions {
  readonly idempotencyKey: Buffer;
  readonly idempotencyTtlMs: number;
}

type RetentionContext = Pick<WriteContext, 'actor' | 'source' | 'requestId'>;

export type Erasures = ReturnType<typeof createErasures>;

/** How many unfinished erasures one sweep takes up. */
const resumedMax = 100;

const longDeleted =
  'SELECT CAST(id AS text) AS id FROM customers WHERE deleted_at < ? ORDER BY deleted_at LIMIT 1';

/** What an erasure's transaction came to. */
interface Erased {
  readonly erasure: StoredErasure;
  readonly replayed: boolean;
  /** The customer's versions as they were; none when it was erased before. */
  readonly images: readonly string[];
}

/**
 * Erases customers, each in a transaction of its own: no other write of it can be under way in the same one, whose
 * entry in the change log would be appended after the log was scrubbed.
 */
export function createErasures(database: Database, writes: CustomerWrites, options: ErasuresOptions) {
  const { dialect } = database.engine;
  const customers = createCustomerRows(dialect);
  const erasures = createErasureRows(dialect);
  const changeLog = createChangeLog(dialect);
  const keys = createIdempotencyRows(dialect);
  const completion = createErasureCompletion(database, writes, erasures);
  /** The files of a database server are not ours: there the rows are all. */
  const ownsFiles = database.file !== undefined;

  async function eraseOnce(
    session: Session,
    id: string,
    precondition: Precondition,
    context: WriteContext,
    nowMs: number,
  ): Promise<Erased> {
    const at = timestamp(nowMs);
    const request = context.idempotency && hashRequest(options.idempotencyKey, context.idempotency);
    const known = request && (await keys.fingerprint(session, request.keyHash, at));
    if (request && known !== undefined && known !== request.fingerprint) throw keyReused();
    const [customer] = await customers.lock(session, [id]);
    // Retention may have removed the entry of the present version.
    const images = customer ? [JSON.stringify(customer), ...(await erasures.images(session, id))] : [];
    const erasure = customer
      ? await scrub(session, customer, precondition, context, at)
      : await erasures.find(session, id);
    if (!erasure) throw notFound();
    if (request && known === undefined) {
      const answer = { request, outcome: { id, created: false }, version: erasure.receipt.version };
      await keys.remember(session, [answer], at, timestamp(nowMs + options.idempotencyTtlMs));
    }
    // What an earlier transaction has erased is not told of before the synchronous standby has it.
    if (!customer && dialect.settleEarlier) await session.run(dialect.settleEarlier, []);
    return { erasure, replayed: known !== undefined, images };
  }

  async function scrub(
    session: Session,
    customer: Customer,
    precondition: Precondition,
    { actor, source, requestId }: RetentionContext,
    at: string,
  ): Promise<StoredErasure> {
    const { version, erasedAt, fields } = decideErasure(customer, precondition, at);
    const rows = await erasures.scrub(session, customer.id);
    const change = { customerId: customer.id, version, kind: 'erased', source, at: erasedAt } as const;
    const [position = ''] = await changeLog.append(session, [
      { ...change, actor, requestId, changes: null, image: null },
    ]);
    const erasure = {
      receipt: { customerId: customer.id, version, erasedAt, scrubbed: { fields, ...rows } },
      position,
      complete: !ownsFiles,
    };
    await erasures.insert(session, erasure);
    return erasure;
  }

  return {
    async erase(id: string, precondition: Precondition, context: WriteContext): Promise<ErasureOutcome> {
      const { erasure, replayed, images } = await writes.transact(
        (session, nowMs) => eraseOnce(session, id, precondition, context, nowMs),
        context.deadlineMs,
        context.trace,
      );
      if (images.length > 0) completion.note(id, images);
      if (!erasure.complete) await completion.finish(id, context.deadlineMs);
      return { receipt: erasure.receipt, feedPosition: erasure.position, replayed };
    },
    /**
     * Erases one of the customers that were deleted so long ago, with these for actor and source.
     * @returns `passed` where another instance was quicker, and `none` where none is left.
     */
    async eraseLongDeleted(ageMs: number, context: RetentionContext): Promise<'erased' | 'passed' | 'none'> {
      const erased = await writes.transact(async (session, nowMs) => {
        const before = timestamp(nowMs - ageMs);
        const [oldest] = await session.run<{ id: string }>(longDeleted, [before]);
        const [customer] = oldest ? await customers.lock(session, [oldest.id]) : [];
        // Another instance may have restored or erased it meanwhile: then it is nobody's turn.
        if (!customer?.deletedAt || customer.deletedAt >= before) return { found: oldest !== undefined };
        const images = [JSON.stringify(customer), ...(await erasures.images(session, customer.id))];
        await scrub(session, customer, {}, context, timestamp(nowMs));
        return { found: true, id: customer.id, images };
      }, Number.POSITIVE_INFINITY);
      if (erased.id !== undefined && ownsFiles) {
        completion.note(erased.id, erased.images);
        await completion.retry(erased.id);
      }
      if (erased.id !== undefined) return 'erased';
      return erased.found ? 'passed' : 'none';
    },
    /** Takes up what an earlier run, or a caller that has given up, has left unfinished. */
    async resume(): Promise<void> {
      if (!ownsFiles) return;
      const unfinished = await database.engine.read((session) => erasures.incomplete(session, resumedMax));
      for (const id of unfinished) await completion.retry(id);
    },
    /** Resolves when nothing is under way; what is not finished then goes on after the next start. */
    stop: () => completion.stop(),
  };
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
