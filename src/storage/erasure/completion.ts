import { setTimeout as pause } from 'node:timers/promises';
import type { Customer } from '../../contract/types.ts';
import { fieldsOf } from '../../domain/customer.ts';
import { unavailable } from '../../domain/failures.ts';
import { emailKey, nameKey, searchTexts } from '../../domain/normalization.ts';
import type { Database } from '../open.ts';
import { createFileCleaning } from '../sqlite/scrub.ts';
import type { CustomerWrites } from '../writes/writer.ts';
import type { ErasureRows } from './rows.ts';

/** Beyond this many different texts a search for each costs more than rebuilding everything. */
const textsMax = 500;

/** How long one try may take, beyond the request that has begun it. */
const tryTimeoutMs = 10 * 60_000;

/** Erasures that are brought to their end together. */
interface Batch {
  readonly ids: string[];
  readonly done: Promise<void>;
}

/**
 * Brings erasures to their end: after the rows, the files. It goes on when its caller has stopped waiting, and a
 * repeat of the request waits for the same work.
 */
export function createErasureCompletion(database: Database, writes: CustomerWrites, rows: ErasureRows) {
  const cleaning = createFileCleaning(database, writes);
  const running = new Map<string, Promise<void>>();
  /** What the erased customers held, until no file does. It is in no file itself: after a crash nobody knows. */
  const texts = new Map<string, readonly string[]>();
  const stopping = new AbortController();
  let last: Promise<void> = Promise.resolve();
  let next: Batch | undefined;

  /** One search serves all that wait for one: each alone would read the whole file. */
  async function completeAll(ids: readonly string[]): Promise<void> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(tryTimeoutMs)]);
    const pending = await database.engine.read((session) => rows.incompleteAmong(session, ids));
    if (pending.length === 0) return;
    const known = pending.map((id) => texts.get(id));
    const isComplete = known.every((each) => each !== undefined);
    await cleaning.clean(isComplete ? [...new Set(known.flatMap((each) => each ?? []))] : undefined, signal);
    await writes.transact((session) => rows.markComplete(session, pending), Number.POSITIVE_INFINITY);
    for (const id of pending) texts.delete(id);
  }

  /** Joins the work that is about to begin, after what is under way. */
  function runOnce(id: string): Promise<void> {
    const known = running.get(id);
    if (known) return known;
    next ??= begin();
    next.ids.push(id);
    running.set(id, next.done);
    return next.done;
  }

  function begin(): Batch {
    const ids: string[] = [];
    const done = last
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return completeAll(ids);
      })
      .finally(() => {
        for (const id of ids) running.delete(id);
      });
    // Whoever waits is told; when nobody does any more, the next repeat or sweep tries again.
    done.catch(() => undefined);
    last = done;
    return { ids, done };
  }

  return {
    /** Keeps what the customer's versions held, as JSON, for the search. */
    note(id: string, images: readonly string[]): void {
      const found = textsIn(images);
      if (found.length <= textsMax) texts.set(id, found);
    },
    /** Tries once more to rid the files of the customer, for as long as it takes. */
    retry: runOnce,
    /** Resolves when the files are rid of the customer. Rejects with Failure `unavailable` at the deadline. */
    async finish(id: string, deadlineMs: number): Promise<void> {
      const timeout = new AbortController();
      const late = lateAfter(deadlineMs - Date.now(), timeout.signal);
      late.catch(() => undefined);
      try {
        await Promise.race([runOnce(id), late]);
      } catch (error) {
        throw unavailable(notYetOut, error);
      } finally {
        timeout.abort();
      }
    },
    /** Resolves when nothing is under way any more. */
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.allSettled(running.values());
    },
  };
}

const notYetOut =
  'The customer is erased. Its receipt waits until its last bytes have left the files of the database, which somebody ' +
  'is reading. Repeat the request in a moment.';

function lateAfter(ms: number, signal: AbortSignal): Promise<never> {
  return pause(Math.max(0, ms), undefined, { signal, ref: false }).then(() => {
    throw new Error('The deadline of the request came first.');
  });
}

/** Every different text in these images, as it stands in rows, in JSON and in the keys of indexes. */
function textsIn(images: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      found.add(value).add(JSON.stringify(value).slice(1, -1));
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  for (const image of images) {
    const customer = JSON.parse(image) as Customer;
    visit([fieldsOf(customer), Object.keys(customer.metadata), nameKey(customer.name)]);
    if (customer.email !== null) visit(emailKey(customer.email));
    // As the index for searching held it.
    visit(searchTexts(customer));
  }
  return [...found];
}
