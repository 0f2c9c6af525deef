/**
 * A reporter for node:test. It prints a line for each test at the top of a file, its diagnostics and whatever failed, and
 * writes the counts as JSON to the file that TEST_SUMMARY names.
 */
import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';

export interface Summary {
  passed: number;
  failed: number;
  /** Each skipped test with its reason. */
  readonly skipped: { title: string; reason: string }[];
}

interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name: string;
    readonly nesting: number;
    readonly message?: string;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly details?: { readonly duration_ms: number; readonly type?: string; readonly error?: Error };
  };
}

const marks = { passed: '✔', failed: '✖', skipped: '﹣' };

// biome-ignore lint/style/noDefaultExport: node:test takes the default export as the reporter.
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const summary: Summary = { passed: 0, failed: 0, skipped: [] };
  const verbose = process.env.TEST_VERBOSE !== undefined;
  /** The titles of the suites and tests that are running, outermost first. */
  const path: string[] = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      path.length = data.nesting;
      path.push(data.name);
    } else if (
      type === 'test:diagnostic' &&
      !/^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(data.message ?? '')
    ) {
      yield `  ${'  '.repeat(data.nesting)}ℹ ${data.message}\n`;
    } else if (type === 'test:pass' || type === 'test:fail') {
      const title = [...path.slice(0, data.nesting), data.name].join(' › ');
      const outcome = outcomeOf(type, data);
      if (outcome === 'skipped') summary.skipped.push({ title, reason: String(data.skip) });
      else if (data.details?.type !== 'suite') summary[outcome] += 1;
      else if (outcome === 'failed' && isOwnFailure(data)) summary.failed += 1;
      if (verbose || data.nesting === 0 || outcome !== 'passed')
        yield `${'  '.repeat(data.nesting)}${marks[outcome]} ${data.name}${durationOf(data)}\n`;
      if (outcome === 'failed' && isOwnFailure(data)) yield describeFailure(title, data);
    }
  }
  if (process.env.TEST_SUMMARY) writeFileSync(process.env.TEST_SUMMARY, JSON.stringify(summary));
}

function outcomeOf(type: string, { skip, todo }: TestEvent['data']): 'passed' | 'failed' | 'skipped' {
  if (skip !== undefined && skip !== false) return 'skipped';
  return type === 'test:pass' || todo ? 'passed' : 'failed';
}

/** A suite also fails when one of its tests does; that test has been described already. */
function isOwnFailure({ details }: TestEvent['data']): boolean {
  return (details?.error as { failureType?: string } | undefined)?.failureType !== 'subtestsFailed';
}

function durationOf({ details }: TestEvent['data']): string {
  return details ? ` (${(details.duration_ms / 1000).toFixed(2)} s)` : '';
}

function describeFailure(title: string, { details }: TestEvent['data']): string {
  const error = details?.error;
  const cause = error?.cause ?? error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
  return `\n✖ ${title}\n${text.replace(/^/gm, '    ')}\n\n`;
}
