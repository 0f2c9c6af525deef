import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../domain/clock.ts';
import { CommitUncertain, type Engine, type Session, type TransactionOptions } from '../engine/engine.ts';
import { WriteConflict } from '../errors.ts';

/** The statements of a transaction, at this time in milliseconds since 1970. May be run again after a rollback. */
export type TransactionWork<Result> = (session: Session, nowMs: number) => Promise<Result>;

const attemptsMax = 5;

/** Runs write transactions, and runs them again when they were rolled back because of another one. */
export class Transactions {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #onCommit: () => void;

  /** @param onCommit called after each transaction that may have stored something. */
  constructor(engine: Engine, clock: Clock, onCommit: () => void) {
    this.#engine = engine;
    this.#clock = clock;
    this.#onCommit = onCommit;
  }

  /** Runs work in a transaction. Rejects with CommitUncertain when it may or may not be stored. */
  async run<Result>(work: TransactionWork<Result>, options: TransactionOptions): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#runOnce(work, options);
      } catch (error) {
        const isTransient =
          error instanceof WriteConflict || this.#engine.dialect.errorMeaning(error) === 'retry';
        if (!isTransient || attempt >= attemptsMax) throw error;
        await pause(Math.random() * 10 * attempt);
      }
    }
  }

  /** As {@link run}, for idempotent work: also runs it again after a commit whose outcome is unknown. */
  async runIdempotent<Result>(work: TransactionWork<Result>, options: TransactionOptions): Promise<Result> {
    try {
      return await this.run(work, options);
    } catch (error) {
      if (!(error instanceof CommitUncertain) || !(await this.awaitEarlierCommits())) throw error;
      return this.run(work, options);
    }
  }

  /**
   * Waits until every earlier transaction has ended and is as durable as it gets.
   * @returns whether that is certain.
   */
  async awaitEarlierCommits(): Promise<boolean> {
    const { awaitReplicatedCommits } = this.#engine.dialect;
    if (awaitReplicatedCommits === undefined) return false;
    try {
      await this.#engine.transaction((session) => session.run(awaitReplicatedCommits, []));
      return true;
    } catch {
      return false;
    }
  }

  async #runOnce<Result>(work: TransactionWork<Result>, options: TransactionOptions): Promise<Result> {
    try {
      return await this.#engine.transaction((session) => work(session, this.#clock()), options);
    } finally {
      if (!options.rollBack) this.#onCommit();
    }
  }
}
