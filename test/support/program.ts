import { fileURLToPath } from 'node:url';

/**
 * What node is given to run the `customers` command. `npm test` builds it first and says where it is: this is what
 * users run, and it starts in half the time. A test file that is run by itself runs the sources.
 */
export const program: readonly string[] = process.env.TEST_PROGRAM
  ? [process.env.TEST_PROGRAM]
  : ['--import', import.meta.resolve('tsx'), fileURLToPath(new URL('../../src/main.ts', import.meta.url))];
