/**
 * Runs the tests on both databases:
 *
 *     npm test                  the tests to run before each push
 *     npm run test:full         all of them, as CI does
 *     npm run test:soak         all of them, with many more cases
 *     npm test -- http/body     only files with this in their path
 */
import { randomInt } from 'node:crypto';
import { run } from './test/run.ts';
import { isTier, type Tier } from './test/tier.ts';

interface Options {
  readonly tier: Tier;
  /** Parts of paths; a file runs when it contains one of them. */
  readonly filters: readonly string[];
  readonly seed: number;
}

function readOptions(parameters: readonly string[]): Options {
  const flags = parameters.filter((parameter) => parameter.startsWith('-'));
  const unknown = flags.find((flag) => !isTier(flag.slice(2)));
  if (unknown)
    throw new Error(
      `Unknown option ${unknown}. Known: --full, --soak, and parts of the paths of test files.`,
    );
  const [tier = 'quick'] = flags.map((flag) => flag.slice(2)).filter(isTier);
  return { tier, filters: parameters.filter((parameter) => !parameter.startsWith('-')), seed: readSeed() };
}

function readSeed(): number {
  const given = process.env.TEST_SEED;
  if (given === undefined) return randomInt(2 ** 32);
  if (!/^\d{1,10}$/.test(given) || Number(given) >= 2 ** 32) {
    throw new Error(`TEST_SEED must be an integer from 0 to ${2 ** 32 - 1}.`);
  }
  return Number(given);
}

try {
  process.exitCode = await run(readOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
