import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from '../support/cleanup.ts';
import { type EngineName, freshDatabaseUrl } from '../support/engines.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { freePort } from '../support/free-port.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { type Example, repository } from './page-blocks.ts';
import { PageShell } from './page-shell.ts';
import { difference, type Names, withNames } from './printed-output.ts';
import { SecondTerminal } from './second-terminal.ts';

type Replaced = ReadonlyArray<readonly [page: string, here: string]>;

interface Followed {
  /** The difference from the page; undefined if there is none. */
  readonly fault: string | undefined;
  readonly output: string;
}

/** How to run programs of a page; a shell runs the rest. */
const runners: Readonly<Record<string, { readonly file: string; readonly command: string }>> = {
  js: { file: 'example.mjs', command: `'${process.execPath}' example.mjs` },
  ts: {
    file: 'example.ts',
    command: `'${process.execPath}' --import '${import.meta.resolve('tsx')}' example.ts`,
  },
};

/** Follows a page like a reader: with terminals in a clone, and a running service. */
export class PageReader {
  readonly #names: Names = new Map();
  readonly #clone: string;
  readonly #shell: PageShell;
  readonly #replaced: Replaced;
  readonly #second: SecondTerminal;
  #service: TestService | undefined;

  private constructor(cleanup: Cleanup, clone: string, shell: PageShell, replaced: Replaced) {
    this.#clone = clone;
    this.#shell = shell;
    this.#replaced = replaced;
    this.#second = new SecondTerminal(cleanup, clone);
  }

  static async begin(cleanup: Cleanup, engine: EngineName): Promise<PageReader> {
    const folder = await temporaryFolder(cleanup);
    const clone = join(folder, 'clone');
    mkdirSync(join(clone, 'data'), { recursive: true });
    writeFileSync(join(clone, 'package.json'), '{"type": "module"}');
    installClient(clone);
    const inFile = `sqlite:${join(clone, 'data/customers.db')}`;
    const given = engine === 'sqlite' ? { databaseUrl: inFile } : {};
    const service = await startTestService(cleanup, { engine, ...given });
    const { databaseUrl } = service;
    const { port } = new URL(service.url);
    const emptyDatabase = engine === 'postgres' ? await freshDatabaseUrl(cleanup, engine) : '';
    const withoutPassword = emptyDatabase.replace(/:[^:@/]*@/, '@');
    const metricsPort = await freePort();
    const shell = new PageShell(cleanup, folder, databaseUrl, async (settings) => {
      await reader.#stopService();
      const environment = { ...settings, PORT: port };
      reader.#service = await startTestService(cleanup, { engine, databaseUrl, environment });
    });
    // The page's path of the clone, and its addresses of a service and its metrics.
    const reader: PageReader = new PageReader(cleanup, clone, shell, [
      ['postgres://customers@db.internal:5432/customers', emptyDatabase],
      ['postgres://customers@db.internal:5432/customers', withoutPassword],
      ['/srv/customers', clone],
      [':8080', `:${port}`],
      [':9464', `:${metricsPort}`],
      ['METRICS_PORT=9464', `METRICS_PORT=${metricsPort}`],
    ]);
    reader.#service = service;
    return reader;
  }

  async follow(example: Example): Promise<Followed> {
    const { language, marks, printed } = example;
    const text = this.#toHere(example.text);
    const [name] = marks.flatMap((mark) => /^file: ([\w.]+)$/.exec(mark)?.[1] ?? []);
    if (name !== undefined) {
      appendFileSync(join(this.#clone, name), `${text}\n`);
      return { fault: undefined, output: '' };
    }
    const runner = runners[language];
    if (!runner && language !== 'sh') return { fault: 'is neither run nor marked', output: '' };
    if (runner) writeFileSync(join(this.#clone, runner.file), text);
    if (marks.includes('the service is stopped')) await this.#stopService();
    if (marks.includes('the consumer has ended')) await this.#second.interrupt();
    if (marks.includes("the consumer's terminal")) this.#second.run(text);
    const ran = marks.includes("the consumer's terminal")
      ? { output: '', exitCode: 0 }
      : await this.#shell.run(runner?.command ?? text);
    if (ran.exitCode !== 0 && !printed)
      return { fault: `ends with ${ran.exitCode}:\n${ran.output}`, output: '' };
    if (!printed) return { fault: undefined, output: '' };
    return marks.some((mark) => mark.includes("the consumer's terminal"))
      ? await this.#second.shows((output) => this.#compared(example, output))
      : this.#compared(example, ran.output);
  }

  async stop(): Promise<void> {
    await this.#second.interrupt();
    await this.#stopService();
  }

  #compared({ printed }: Example, actual: string): Followed {
    let output = actual;
    for (const [page, here] of this.#replaced) if (here) output = output.replaceAll(here, page);
    const mismatch = printed && difference(printed, output, this.#names);
    if (!mismatch) return { fault: undefined, output };
    return { fault: `prints\n\n${mismatch.printed}\n\nbut what comes is\n\n${mismatch.output}`, output };
  }

  #toHere(text: string): string {
    let here = withNames(text, this.#names);
    for (const [page, actual] of this.#replaced) here = here.replaceAll(page, actual);
    return here;
  }

  async #stopService(): Promise<void> {
    await this.#service?.stop();
    this.#service = undefined;
  }
}

/** Like `npm install` of the packed client, but without compiling: tsx reads its sources. */
function installClient(clone: string): void {
  const folder = join(clone, 'node_modules/customers-client');
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(repository, 'clients/typescript/src'), join(folder, 'src'));
  writeFileSync(join(folder, 'package.json'), '{"type": "module", "exports": "./src/index.ts"}');
}
