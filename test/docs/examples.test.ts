/**
 * Runs what the pages tell a reader to run, block by block in the order of the page, against a real service on each
 * database, and compares what comes with what is printed. A block that is not run says so in a comment before it.
 * Planted to prove it: another status on a page, another value in a body and in a line of CSV, an id that is printed
 * where another belongs, a block without a mark, a mark with a test that is not there, a command that ends with 1.
 * `a fresh service`, `the service is stopped` and `on: sqlite` before a block are comments that are followed too.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { describeEngines } from '../support/engines.ts';
import { sampled } from '../support/tier.ts';
import { allPages, blocksOf, readPage } from './page-blocks.ts';
import { runPage } from './page-run.ts';

/** What users read. The decisions and the pages of other packages have no examples to run. */
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

/** Why the lines cannot be run here; false when they can. `--json` came with curl 7.82. */
function withoutCurl(): string | false {
  const [, major, minor] =
    /^curl (\d+)\.(\d+)/.exec(spawnSync('curl', ['--version']).stdout?.toString() ?? '') ?? [];
  return Number(major) * 1000 + Number(minor) >= 7082 ? false : 'curl 7.82 or newer is not installed';
}
