import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Customer } from '../../src/contract/types.ts';
import { endWithThisProcess } from '../support/child-processes.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';
import { blocksOf, readPage } from './page-blocks.ts';

/** What the consumer stores. */
export interface Copy {
  readonly position: string;
  readonly customers: Readonly<Record<string, Customer>>;
}

/** The program of docs/tutorial.md, assembled from the page's steps. */
function consumerProgram(): string {
  const steps = blocksOf(readPage('docs/tutorial.md')).filter(({ marks }) =>
    marks.includes('file: consumer.mjs'),
  );
  return steps.map(({ text }) => `${text}\n`).join('');
}

/** The tutorial's consumer as a process that can be killed and restarted in the same folder. */
export class Consumer {
  readonly #folder: string;
  readonly #url: string;
  #child: ChildProcess | undefined;
  /** Everything it has printed, across restarts. */
  printed = '';

  constructor(cleanup: Cleanup, folder: string, url: string) {
    this.#folder = folder;
    this.#url = url;
    writeFileSync(join(folder, 'consumer.mjs'), consumerProgram());
    afterwards(cleanup, () => this.kill());
  }

  start(): void {
    const child = spawn(process.execPath, ['consumer.mjs'], {
      cwd: this.#folder,
      env: { CUSTOMERS_URL: this.#url },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endWithThisProcess(child);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.printed += text;
    });
    this.#child = child;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
  }

  /** Its stored state; undefined before its first snapshot. */
  get copy(): Copy | undefined {
    const file = join(this.#folder, 'copy.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Copy) : undefined;
  }

  /** Replaces its stored state. It must not be running. */
  set copy(copy: Copy) {
    writeFileSync(join(this.#folder, 'copy.json'), JSON.stringify(copy));
  }
}
