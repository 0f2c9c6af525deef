import { findViolation } from './checker.ts';
import { type Recorded, readLog } from './recorder.ts';

export interface Verdict {
  readonly violations: readonly string[];
  /** Number of successful operations. */
  readonly done: number;
  readonly summary: string;
}

/** Checks the recorded operations on each customer against its history in the service. */
export async function judge(recorded: readonly Recorded[], serviceUrl: string): Promise<Verdict> {
  const violations: string[] = [];
  const outcomes = new Map<string, number>();
  let versions = 0;
  let checkMs = 0;
  for (const { customerId, operations } of recorded) {
    const log = await readLog(serviceUrl, customerId);
    versions += log.length;
    const startedAt = performance.now();
    const violation = findViolation(operations, log);
    checkMs += performance.now() - startedAt;
    if (violation) violations.push(`${customerId}: ${violation}`);
    for (const { outcome } of operations) outcomes.set(outcome.kind, (outcomes.get(outcome.kind) ?? 0) + 1);
  }
  const counts = [...outcomes].map(([kind, count]) => `${kind} ${count}`).join(', ');
  const operations = recorded.reduce((sum, each) => sum + each.operations.length, 0);
  const summary =
    `${operations} operations on ${recorded.length} customers (${counts}), ${versions} versions: ` +
    `${violations.length} violations, checked in ${Math.round(checkMs)} ms`;
  return { violations, done: outcomes.get('done') ?? 0, summary };
}
