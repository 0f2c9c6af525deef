import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from '../support/cleanup.ts';
import type { EngineName } from '../support/engines.ts';
import { type Example, examplesOf, readPage, repository } from './page-blocks.ts';
import { PageReader } from './page-reader.ts';

/** How many blocks of a page were run, and how many are marked as not run. */
export interface PageCounts {
  run: number;
  compared: number;
  /** Run by another test, which the mark names. */
  elsewhere: number;
  /** For the other database. */
  otherEngine: number;
  readonly notRun: string[];
}

/** Called for each shell block that was run, with the page's text and the output. */
export type Watcher = (example: Example, output: string) => void;

/** Runs the blocks of a page in order, as a reader would, against its own service. */
export async function runPage(cleanup: Cleanup, path: string, engine: EngineName, watch?: Watcher) {
  const counts: PageCounts = { run: 0, compared: 0, elsewhere: 0, otherEngine: 0, notRun: [] };
  const faults: string[] = [];
  let reader: PageReader | undefined;
  for (const example of examplesOf(readPage(path))) {
    if (isLeftOut(example, engine, counts)) continue;
    if (!reader || example.marks.includes('a fresh service')) {
      await reader?.stop();
      reader = await PageReader.begin(cleanup, engine);
    }
    const { fault, output } = await reader.follow(example);
    watch?.(example, output);
    counts.run += 1;
    if (example.printed) counts.compared += 1;
    if (fault) faults.push(`${path}:${example.line} ${fault}`);
  }
  await reader?.stop();
  return { counts, faults };
}

/** Whether a mark says that the block is not run here. A mark that names an unknown test does not count. */
function isLeftOut({ marks }: Example, engine: EngineName, counts: PageCounts): boolean {
  for (const mark of marks) {
    const [, kind, what = ''] = /^(not run:|run by|on:) (.+)$/.exec(mark) ?? [];
    if (kind === 'not run:') counts.notRun.push(what);
    else if (kind === 'run by' && existsSync(join(repository, what))) counts.elsewhere += 1;
    else if (kind === 'on:' && what !== engine) counts.otherEngine += 1;
    else continue;
    return true;
  }
  return false;
}
