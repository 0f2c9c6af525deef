import { unavailable } from '../domain/failures.ts';
import type { CustomerStore } from '../domain/ports.ts';
import { type ReadinessFault, readinessChecks } from '../domain/readiness.ts';
import type { Lifecycle } from '../operations/lifecycle.ts';
import type { Log } from '../operations/log.ts';
import { within } from '../operations/within.ts';

/** So many probes as there may be, the database is asked once in this time. */
const probeTtlMs = 250;
/** Less than the second that Kubernetes gives a probe. */
const probeTimeoutMs = 800;
/** How long the last answer holds where the next one takes longer: busy is not out of order. */
const lateProbeTtlMs = 5000;

export interface ReadinessParts {
  readonly customers: Pick<CustomerStore, 'checkReady'>;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
}

interface Outcome {
  readonly faults: readonly ReadinessFault[];
  readonly at: number;
}

/**
 * Tells whether the next request can be served: what holds, a line each.
 * Rejects with Failure `unavailable`, which names what does not hold.
 */
export function createReadiness({ customers, lifecycle, log }: ReadinessParts): () => Promise<string> {
  let latest: Outcome | undefined;
  let running: Promise<void> | undefined;

  async function probe(): Promise<void> {
    const faults = await customers.checkReady();
    tellChange(faults);
    latest = { faults, at: performance.now() };
    running = undefined;
  }

  function tellChange(faults: readonly ReadinessFault[]): void {
    const before = namesOf(latest?.faults ?? []);
    if (namesOf(faults) === before) return;
    for (const { check, cause } of faults) log.warn({ reason: check, err: cause }, 'not ready');
    if (faults.length === 0) log.info({}, 'ready again');
  }

  function knownFaults(ageMs: number): readonly ReadinessFault[] | undefined {
    return latest && performance.now() - latest.at < ageMs ? latest.faults : undefined;
  }

  async function currentFaults(): Promise<readonly ReadinessFault[]> {
    const known = knownFaults(probeTtlMs);
    if (known) return known;
    running ??= probe();
    const answered = await within(
      probeTimeoutMs,
      running.then(() => true),
      () => false,
    );
    const silent: ReadinessFault = { check: 'database', detail: 'It does not answer.' };
    return knownFaults(answered ? Number.POSITIVE_INFINITY : lateProbeTtlMs) ?? [silent];
  }

  return async () => {
    if (lifecycle.stopping) throw notReady([{ check: 'service', detail: 'The service is stopping.' }]);
    const faults = await currentFaults();
    if (faults.length > 0) throw notReady(faults);
    return `ready\n${readinessChecks.map((check) => `${check}: ok\n`).join('')}`;
  };
}

function namesOf(faults: readonly ReadinessFault[]): string {
  return faults.map(({ check }) => check).join(' ');
}

function notReady(faults: readonly ReadinessFault[]) {
  const told = faults.map(({ check, detail }) => `${check}: ${detail}`);
  return unavailable(`The service is not ready. ${told.join(' ')}`, faults[0]?.cause);
}
