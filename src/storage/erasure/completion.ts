import { setTimeout as pause } from 'node:timers/promises';
import type { Customer } from '../../contract/types.ts';
import { fieldsOf } from '../../domain/customer.ts';
import { unavailable } from '../../domain/failures.ts';
import { emailKey, nameKey, searchTexts } from '../../domain/normalization.ts';
import type { Database } from '../engine/backend.ts';
import { createScrubber, type Scrubber } from '../sqlite/scrub.ts';
import type { CustomerWriter } from '../writes/writer.ts';
import type { ErasureRows } from './rows.ts';

/** With more distinct texts than this, searching the file for each costs more than rebuilding it. */
const textsMax = 500;

/** The timeout of one attempt, which may outlast the request that started it. */
const tryTimeoutMs = 10 * 60_000;

/** Erasures that one search of the files completes together. */
interface Batch {
  readonly ids: string[];
  readonly done: Promise<void>;
}

/**
 * Completes erasures: after the rows, scrubs the database's files. Work continues when its caller has given up, and a
 * repeated request waits for the same work.
 */
export class ErasureCompletion {
  readonly #database: Database;
  readonly #writer: CustomerWriter;
  readonly #rows: ErasureRows;
  readonly #scrubber: Scrubber;
  readonly #running = new Map<string, Promise<void>>();
  /** What erased customers held, by id, until it is scrubbed. Kept in memory only: it must not be stored again. */
  readonly #texts = new Map<string, readonly string[]>();
  readonly #stopping = new AbortController();
  #last: Promise<void> = Promise.resolve();
  #next: Batch | undefined;

  constructor(database: Database, writer: CustomerWriter, rows: ErasureRows) {
    this.#database = database;
    this.#writer = writer;
    this.#rows = rows;
    this.#scrubber = createScrubber(database, writer);
  }

  /** Remembers the texts in a customer's versions, to search the files for them. */
  remember(id: string, snapshots: readonly string[]): void {
    const texts = textsIn(snapshots);
    if (texts.length <= textsMax) this.#texts.set(id, texts);
  }

  /** Scrubs the customer from the files, however long that takes. */
  complete(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running) return running;
    this.#next ??= this.#startBatch();
    this.#next.ids.push(id);
    this.#running.set(id, this.#next.done);
    return this.#next.done;
  }

  /** As {@link complete}. Rejects with Failure `unavailable` at the deadline, while the work continues. */
  async completeBefore(id: string, deadlineMs: number): Promise<void> {
    const timeout = new AbortController();
    const late = rejectAfter(deadlineMs - Date.now(), timeout.signal);
    late.catch(() => undefined);
    try {
      await Promise.race([this.complete(id), late]);
    } catch (error) {
      throw unavailable(notScrubbedYet, error);
    } finally {
      timeout.abort();
    }
  }

  /** Aborts the work and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#running.values());
  }

  /** Starts a batch after the current one. Until then, more erasures may join it. */
  #startBatch(): Batch {
    const ids: string[] = [];
    const done = this.#last
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#completeAll(ids);
      })
      .finally(() => {
        for (const id of ids) this.#running.delete(id);
      });
    // A failure without a waiting caller is not unhandled: a repeat or the next sweep tries again.
    done.catch(() => undefined);
    this.#last = done;
    return { ids, done };
  }

  async #completeAll(ids: readonly string[]): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(tryTimeoutMs)]);
    const pending = await this.#database.engine.read((session) => this.#rows.incompleteAmong(session, ids));
    if (pending.length === 0) return;
    const texts = pending.map((id) => this.#texts.get(id));
    const areKnown = texts.every((each) => each !== undefined);
    const toScrub = areKnown ? [...new Set(texts.flatMap((each) => each ?? []))] : undefined;
    await this.#scrubber.scrub(toScrub, signal);
    await this.#writer.transact((session) => this.#rows.markComplete(session, pending));
    for (const id of pending) this.#texts.delete(id);
  }
}

const notScrubbedYet =
  'The customer is erased. The receipt waits until another reader of the database releases its files, so that the last ' +
  'bytes can be removed. Repeat the request in a moment.';

function rejectAfter(ms: number, signal: AbortSignal): Promise<never> {
  return pause(Math.max(0, ms), undefined, { signal, ref: false }).then(() => {
    throw new Error('The deadline of the request has passed.');
  });
}

/** Returns every distinct text in the snapshots, in the forms that rows, JSON and index keys hold. */
function textsIn(snapshots: readonly string[]): string[] {
  const texts = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value === 'string') {
      texts.add(value).add(JSON.stringify(value).slice(1, -1));
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  for (const snapshot of snapshots) {
    const customer = JSON.parse(snapshot) as Customer;
    collect([fieldsOf(customer), Object.keys(customer.metadata), nameKey(customer.name)]);
    if (customer.email !== null) collect(emailKey(customer.email));
    collect(searchTexts(customer));
  }
  return [...texts];
}
