import { type CustomerStore, type FailedCheck, readinessChecks } from '../../domain/customer-store.ts';
import { type Failure, unavailable } from '../../domain/failures.ts';
import type { Lifecycle } from '../../runtime/lifecycle.ts';
import { withTimeout } from '../../runtime/with-timeout.ts';
import type { Log } from '../../telemetry/log.ts';

/** How long a result is reused, however many probes ask. */
const probeTtlMs = 250;
/** Less than Kubernetes' default probe timeout of 1 s. */
const probeTimeoutMs = 800;
/** How long the last result is reused while the next one is late: a busy database is not a broken one. */
const lateProbeTtlMs = 5000;

export interface ReadinessDeps {
  readonly customers: Pick<CustomerStore, 'checkReady'>;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
}

interface Result {
  readonly failedChecks: readonly FailedCheck[];
  readonly at: number;
}

/**
 * Creates the readiness check. It resolves to a report with a line per check, or rejects with Failure `unavailable`,
 * which names the failed checks.
 */
export function createReadiness({ customers, lifecycle, log }: ReadinessDeps): () => Promise<string> {
  let latest: Result | undefined;
  let running: Promise<void> | undefined;

  async function probe(): Promise<void> {
    const failedChecks = await customers.checkReady();
    logChange(failedChecks);
    latest = { failedChecks, at: performance.now() };
    running = undefined;
  }

  function logChange(failedChecks: readonly FailedCheck[]): void {
    const before = namesOf(latest?.failedChecks ?? []);
    if (namesOf(failedChecks) === before) return;
    for (const { check, cause } of failedChecks) log.warn({ reason: check, err: cause }, 'not ready');
    if (failedChecks.length === 0) log.info({}, 'ready again');
  }

  function latestWithin(ageMs: number): readonly FailedCheck[] | undefined {
    return latest && performance.now() - latest.at < ageMs ? latest.failedChecks : undefined;
  }

  async function currentFailedChecks(): Promise<readonly FailedCheck[]> {
    const fresh = latestWithin(probeTtlMs);
    if (fresh) return fresh;
    running ??= probe();
    const done = await withTimeout(
      probeTimeoutMs,
      running.then(() => true),
      () => false,
    );
    const noAnswer: FailedCheck = { check: 'database', detail: 'It does not answer.' };
    return latestWithin(done ? Number.POSITIVE_INFINITY : lateProbeTtlMs) ?? [noAnswer];
  }

  return async () => {
    if (lifecycle.stopping) throw notReady([{ check: 'service', detail: 'The service is stopping.' }]);
    const failedChecks = await currentFailedChecks();
    if (failedChecks.length > 0) throw notReady(failedChecks);
    return `ready\n${readinessChecks.map((check) => `${check}: ok\n`).join('')}`;
  };
}

function namesOf(failedChecks: readonly FailedCheck[]): string {
  return failedChecks.map(({ check }) => check).join(' ');
}

function notReady(failedChecks: readonly FailedCheck[]): Failure {
  const reasons = failedChecks.map(({ check, detail }) => `${check}: ${detail}`);
  return unavailable(`The service is not ready. ${reasons.join(' ')}`, failedChecks[0]?.cause);
}
