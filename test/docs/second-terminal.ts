import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { endWithThisProcess } from '../support/child-processes.ts';
import { afterwards, type Cleanup } from '../support/cleanup.ts';

const timeoutMs = 30_000;
const pollMs = 20;

/** A terminal for a program that runs while the reader continues in the first one. */
export class SecondTerminal {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #unseen = '';

  constructor(cleanup: Cleanup, folder: string) {
    this.#folder = folder;
    afterwards(cleanup, () => this.interrupt());
  }

  run(command: string): void {
    const child = spawn('sh', ['-c', `exec ${command}`], {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    endWithThisProcess(child);
    const take = (text: string) => {
      this.#unseen += text;
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    this.#child = child;
    this.#unseen = '';
  }

  /**
   * Waits until the output since the last check is as expected, and returns the difference if it never is.
   */
  async shows<Seen extends { readonly fault: string | undefined }>(
    look: (output: string) => Seen,
  ): Promise<Seen> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const seen = look(this.#unseen);
      if (seen.fault === undefined) this.#unseen = '';
      if (seen.fault === undefined || performance.now() > deadline) return seen;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** Ctrl-C. */
  async interrupt(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill('SIGINT');
    await ended;
  }
}
