import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { tier } from '../support/tier.ts';
import type { Case } from './cases.ts';
import { type Answer, shapeFault } from './exchange.ts';
import type { KnownDifference } from './known-differences.ts';

/** Counts cases and collects differences, so that a run shows all of them. */
export class Report {
  readonly #context: TestContext;
  readonly #excused: Map<KnownDifference, number>;
  readonly #faults: string[] = [];
  #count = 0;

  constructor(context: TestContext, differences: readonly KnownDifference[]) {
    this.#context = context;
    this.#excused = new Map(differences.map((difference) => [difference, 0]));
  }

  countOne(): void {
    this.#count += 1;
  }

  expect({ operationId, name }: Case, holds: boolean, fault: string): void {
    if (!holds) this.#faults.push(`${operationId}, ${name}: ${fault}`);
  }

  expectShape(tried: Case, who: string, answer: Answer): void {
    const fault = shapeFault(tried, answer);
    this.expect(tried, fault === undefined, `${who}: ${fault}`);
  }

  /** The known difference that applies to a case; undefined if none does. */
  excuse<Known extends KnownDifference>(tried: Case, differences: readonly Known[]): Known | undefined {
    const difference = differences.find((each) => each.applies(tried));
    if (difference) this.#excused.set(difference, (this.#excused.get(difference) ?? 0) + 1);
    return difference;
  }

  close(what: string): void {
    this.#context.diagnostic(`${this.#count} ${what} tried on each, ${this.#faults.length} differences`);
    for (const [{ reason }, count] of this.#excused) {
      this.#context.diagnostic(`${count} differ: ${reason}`);
      // A sample might not cover every difference.
      if (count === 0 && tier !== 'quick') this.#faults.push(`no longer needed: ${reason}`);
    }
    assert.deepEqual(this.#faults.slice(0, 20), []);
  }
}
