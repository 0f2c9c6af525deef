import { fileURLToPath } from 'node:url';

/**
 * Node's arguments to run the `customers` command. `npm test` builds it first and sets TEST_PROGRAM, so that
 * the tests run what users run; a test file run alone runs the sources.
 */
export const program: readonly string[] = process.env.TEST_PROGRAM
  ? [process.env.TEST_PROGRAM]
  : ['--import', import.meta.resolve('tsx'), fileURLToPath(new URL('../../src/main.ts', import.meta.url))];
