import type { Failure } from '../domain/failures.ts';
import type { LineResult } from '../transfer/import-customers.ts';
import { ratePerSecond, startProgress } from './progress.ts';
import { openSink } from './transfer-file.ts';

/** Tells a person what becomes of an import. */
export interface ImportReport {
  readonly refused: number;
  add(batch: readonly LineResult[], done: number | undefined): Promise<void>;
  /** Says what was done, and why no more where it ended early. */
  conclude(reason?: string): void;
  close(): Promise<void>;
}

/** As many refused lines are told on standard error; with a file for them, that has all. */
const toldMax = 20;

/** @param failuresFile where refused lines go, as NDJSON. */
export async function createImportReport(
  failuresFile: string | undefined,
  validateOnly: boolean,
): Promise<ImportReport> {
  const failures = failuresFile === undefined ? undefined : await openSink(failuresFile);
  const counts = { created: 0, updated: 0, unchanged: 0, refused: 0 };
  const startedAt = performance.now();
  const progress = startProgress();
  const rows = () => Object.values(counts).reduce((sum, count) => sum + count, 0);

  async function tell(refused: readonly Refusal[]): Promise<void> {
    if (failures) {
      await failures.write(Buffer.from(refused.map(failureLine).join('')));
      return;
    }
    const left = Math.max(0, toldMax - counts.refused);
    for (const { line, failure } of refused.slice(0, left)) {
      progress.say(`line ${line}: ${describeRefusal(failure)}`);
    }
    if (counts.refused <= toldMax && counts.refused + refused.length > toldMax) {
      progress.say('More lines were refused: --failures FILE keeps all of them.');
    }
  }

  return {
    get refused() {
      return counts.refused;
    },
    async add(batch, done) {
      const refused = batch.filter((result) => result.outcome === 'refused');
      if (refused.length > 0) await tell(refused);
      for (const { outcome } of batch) counts[outcome] += 1;
      progress.update(rows(), done);
    },
    conclude(reason) {
      if (reason !== undefined) progress.say(`customers: ${reason}. What is counted below is stored.`);
      const { created, updated, unchanged, refused } = counts;
      const rate = ratePerSecond(rows(), performance.now() - startedAt);
      const parts = `${created} created, ${updated} updated, ${unchanged} unchanged, ${refused} refused`;
      progress.say(`${validateOnly ? 'Would be ' : ''}${parts} (${rate}).`);
    },
    async close() {
      progress.end();
      await failures?.complete();
    },
  };
}

type Refusal = Extract<LineResult, { readonly outcome: 'refused' }>;

function failureLine({ line, failure: { code, detail, errors = [] } }: Refusal): string {
  return `${JSON.stringify({ line, code, detail, errors })}\n`;
}

/** Names what is wrong where; never the value. */
export function describeRefusal({ code, detail, errors = [] }: Failure): string {
  const faults = errors.map((fault) => `${fault.pointer ?? fault.parameter} ${fault.detail}`);
  return `${code}: ${faults.length > 0 ? faults.join('; ') : detail}`;
}
