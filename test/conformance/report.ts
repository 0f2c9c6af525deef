import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { tier } from '../support/tier.ts';
import type { Case } from './cases.ts';
import { type Answer, shapeFault } from './exchange.ts';
import type { Quirk } from './quirks.ts';

/** Counts cases and collects differences, so that a run shows all of them. */
export class Report {
  readonly #context: TestContext;
  readonly #excused: Map<Quirk, number>;
  readonly #faults: string[] = [];
  #count = 0;

  constructor(context: TestContext, quirks: readonly Quirk[]) {
    this.#context = context;
    this.#excused = new Map(quirks.map((quirk) => [quirk, 0]));
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

  /** The known quirk that explains a difference; undefined if none does. */
  excuse<Known extends Quirk>(tried: Case, quirks: readonly Known[]): Known | undefined {
    const quirk = quirks.find((each) => each.applies(tried));
    if (quirk) this.#excused.set(quirk, (this.#excused.get(quirk) ?? 0) + 1);
    return quirk;
  }

  close(what: string): void {
    this.#context.diagnostic(`${this.#count} ${what} tried on each, ${this.#faults.length} differences`);
    for (const [{ reason }, count] of this.#excused) {
      this.#context.diagnostic(`${count} differ: ${reason}`);
      // A sample may not meet every quirk.
      if (count === 0 && tier !== 'quick') this.#faults.push(`no longer needed: ${reason}`);
    }
    assert.deepEqual(this.#faults.slice(0, 20), []);
  }
}
