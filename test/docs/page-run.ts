import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from '../support/cleanup.ts';
import type { EngineName } from '../support/engines.ts';
import { temporaryFolder } from '../support/folder-contents.ts';
import { freePort } from '../support/free-port.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { type Example, examplesOf, readPage, repository } from './page-blocks.ts';
import { PageShell } from './page-shell.ts';
import { difference, type Names, withNames } from './printed-output.ts';

/** How many blocks of a page were run here, and how many are marked as not to be. */
export interface PageCounts {
  run: number;
  compared: number;
  /** Run by another test, which the mark names. */
  elsewhere: number;
  /** With another database. */
  otherEngine: number;
  readonly notRun: string[];
}

/** Told for each block of shell that was run: what the page prints, and what came out. */
export type Watcher = (example: Example, output: string) => void;

/** Where the pages have the clone, and where a service and its metrics listen. */
const shown = {
  folder: '/srv/customers',
  address: ':8080',
  metricsAddress: ':9464',
  metricsPort: 'METRICS_PORT=9464',
};

/** Runs the blocks of a page in order, as a reader would, against a service of its own. */
export async function runPage(cleanup: Cleanup, path: string, engine: EngineName, watch?: Watcher) {
  const counts: PageCounts = { run: 0, compared: 0, elsewhere: 0, otherEngine: 0, notRun: [] };
  const faults: string[] = [];
  let reader: Reader | undefined;
  for (const example of examplesOf(readPage(path))) {
    const place = `${path}:${example.line}`;
    if (!isToBeRun(example, engine, counts)) continue;
    if (example.language !== 'sh') {
      faults.push(`${place}: ${example.language || 'a block'} is neither run nor marked`);
      continue;
    }
    if (!reader || example.marks.includes('a fresh service'))
      reader = await Reader.begin(cleanup, engine, reader);
    if (example.marks.includes('the service is stopped')) await reader.stop();
    const fault = await reader.follow(example, watch);
    counts.run += 1;
    if (example.printed) counts.compared += 1;
    if (fault) faults.push(`${place}: ${fault}`);
  }
  await reader?.stop();
  return { counts, faults };
}

/** Counts what is not run here; a mark that names a test that is not there is as good as none. */
function isToBeRun({ marks }: Example, engine: EngineName, counts: PageCounts): boolean {
  for (const mark of marks) {
    const [, kind, what = ''] = /^(not run|run by|on): (.+)$/.exec(mark) ?? [];
    if (kind === 'not run') return counts.notRun.push(what) === 0;
    if (kind === 'run by' && existsSync(join(repository, what))) {
      counts.elsewhere += 1;
      return false;
    }
    if (kind === 'on' && what !== engine) {
      counts.otherEngine += 1;
      return false;
    }
  }
  return true;
}

/** Who follows a page: a shell in a clone, and the service that runs beside it. */
class Reader {
  readonly #names: Names = new Map();
  readonly #replaced: ReadonlyArray<readonly [page: string, here: string]>;
  readonly #shell: PageShell;
  #service: TestService | undefined;

  private constructor(
    shell: PageShell,
    service: TestService,
    replaced: ReadonlyArray<readonly [page: string, here: string]>,
  ) {
    this.#shell = shell;
    this.#service = service;
    this.#replaced = replaced;
  }

  static async begin(cleanup: Cleanup, engine: EngineName, before?: Reader): Promise<Reader> {
    await before?.stop();
    const folder = await temporaryFolder(cleanup);
    const clone = join(folder, 'clone');
    mkdirSync(join(clone, 'data'), { recursive: true });
    const inFile = `sqlite:${join(clone, 'data/customers.db')}`;
    const given = engine === 'sqlite' ? { databaseUrl: inFile } : {};
    const service = await startTestService(cleanup, { engine, ...given });
    const { port } = new URL(service.url);
    const metricsPort = await freePort();
    const restart = async (environment: Record<string, string>) => {
      await reader.stop();
      const { databaseUrl } = service;
      reader.#service = await startTestService(cleanup, {
        engine,
        databaseUrl,
        environment: { ...environment, PORT: port },
      });
    };
    const shell = new PageShell(cleanup, folder, service.databaseUrl, restart);
    const reader: Reader = new Reader(shell, service, [
      [shown.folder, clone],
      [shown.address, `:${port}`],
      [shown.metricsAddress, `:${metricsPort}`],
      [shown.metricsPort, `METRICS_PORT=${metricsPort}`],
    ]);
    return reader;
  }

  /** What is wrong with what the block prints; undefined when it is what the page says. */
  async follow(example: Example, watch: Watcher | undefined): Promise<string | undefined> {
    const { text, printed } = example;
    let command = withNames(text, this.#names);
    for (const [page, here] of this.#replaced) command = command.replaceAll(page, here);
    const ran = await this.#shell.run(command);
    let { output } = ran;
    for (const [page, here] of this.#replaced) output = output.replaceAll(here, page);
    watch?.(example, output);
    if (!printed) return ran.exitCode === 0 ? undefined : `ends with ${ran.exitCode}:\n${output}`;
    const unlike = difference(printed, output, this.#names);
    return unlike && `the page prints\n\n${unlike.printed}\n\nbut what comes is\n\n${unlike.output}\n`;
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
    this.#service = undefined;
  }
}
