/**
 * Runs the examples of the documentation block by block, against a real service on each database, and
 * compares the output with the printed one. A block that is not run must say so in a comment before it; `a
 * fresh service`, `the service is stopped` and `on: sqlite` are comments that are followed.
 *
 * Planted, and each failed: another status on a page, another value in a body and in a line of CSV, a wrong
 * id, a block without a mark, a mark with an unknown test, a command that exits with 1.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { describeEngines } from '../support/engines.ts';
import { sampled } from '../support/tier.ts';
import { allPages, blocksOf, readPage } from './page-blocks.ts';
import { runPage } from './page-run.ts';

/** The user documentation. ADRs and pages of other packages have no examples to run. */
const pages = allPages().filter((path) => /^(README|CONTRIBUTING|SECURITY|docs\/[\w-]+)\.md$/.test(path));

describeEngines('examples of the pages', (engine) => {
  const withBlocks = pages.filter((page) => blocksOf(readPage(page)).length > 0);
  for (const path of sampled(withBlocks, 12, `pages ${engine}`)) {
    test(path, { skip: withoutCurl() }, async (context) => {
      const { counts, faults } = await runPage(context, path, engine);
      const { run, compared, elsewhere, otherEngine, notRun } = counts;
      context.diagnostic(
        `${run} run, ${compared} of them compared; ${elsewhere} by other tests, ${otherEngine} on the other database, ${notRun.length} not run`,
      );
      for (const reason of notRun) context.diagnostic(`not run: ${reason}`);
      assert.equal(faults.length, 0, faults.join('\n\n'));
    });
  }
});

/** Why the examples cannot run here; false if they can. `--json` requires curl 7.82. */
function withoutCurl(): string | false {
  const [, major, minor] =
    /^curl (\d+)\.(\d+)/.exec(spawnSync('curl', ['--version']).stdout?.toString() ?? '') ?? [];
  return Number(major) * 1000 + Number(minor) >= 7082 ? false : 'this test needs curl 7.82 or newer';
}
