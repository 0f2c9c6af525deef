import type { Config } from '../config/config.ts';
import { type DatabaseConfig, databaseAt } from '../config/parsers.ts';
import { type MoveObserver, type MoveResult, moveDatabase } from '../storage/copy/copy.ts';
import { DatabaseInUseError } from '../storage/errors.ts';
import { openToRead } from '../storage/open.ts';
import { lockFile } from '../storage/sqlite/file.ts';
import { CliError, Interrupted, type Interruption, watchInterruption } from './exit.ts';
import { type Progress, ratePerSecond, startProgress } from './progress.ts';

export interface MoveCommandOptions {
  readonly to: string;
  readonly ahead?: boolean;
}

/** Copies the SQLite database to an empty PostgreSQL database and verifies the copy. See ADR 0021. */
export async function moveTo(config: Config, { to, ahead = false }: MoveCommandOptions): Promise<void> {
  const source = sourceOf(config.database);
  const target = targetOf(to);
  const interruption = watchInterruption();
  const progress = startProgress();
  const database = await openToRead(source, 0);
  let unlock = async () => {};
  try {
    if (!ahead) unlock = await lockFile(source.file).catch(adviseOnUse);
    const watch = watchMove(progress, interruption);
    const result = await moveDatabase(database.engine, target, watch, { ahead });
    watch.conclude();
    for (const line of conclusion(result, source.file, target.url)) process.stdout.write(`${line}\n`);
  } catch (error) {
    progress.end();
    const came = interruptionIn(interruption);
    if (!came) throw error;
    progress.say(`customers: ${came.message}. Run the same command again to continue.`);
    process.exitCode = came.exitCode;
  } finally {
    interruption.release();
    await database.close();
    await unlock();
  }
}

function sourceOf(database: DatabaseConfig) {
  if (database.engine === 'postgres') {
    throw new CliError(
      'DATABASE_URL is PostgreSQL already. customers move goes from a SQLite file to PostgreSQL, and not back: between ' +
        'PostgreSQL servers pg_dump does it, and customers export takes the customers, without their history, anywhere.',
    );
  }
  if (database.temporary) {
    throw new CliError('a temporary database is gone at exit. Set DATABASE_URL to the file to move.');
  }
  return database;
}

/** Checks the target's URL. Errors never quote it, because it may hold a password. */
function targetOf(to: string) {
  if (!/^postgres(ql)?:/.test(to)) {
    throw new CliError(
      '--to must begin with postgres://, for customers move goes to PostgreSQL. For a copy of the file use customers backup.',
    );
  }
  try {
    return databaseAt(to, 1) as Extract<DatabaseConfig, { engine: 'postgres' }>;
  } catch (fault) {
    throw new CliError(`--to ${(fault as Error).message}; for example --to postgres://user@host/customers`);
  }
}

function adviseOnUse(error: unknown): never {
  if (!(error instanceof DatabaseInUseError)) throw error;
  const [what] = error.message.split('. ');
  throw new CliError(
    `${what}. The last part of a move needs the file for itself: stop the service, and run this again. To make that ` +
      'part short, first add --ahead: it copies most of the data while the service runs.',
  );
}

function watchMove(progress: Progress, interruption: Interruption): MoveObserver & { conclude(): void } {
  let running: { readonly name: string; readonly of: number; readonly startedAt: number } | undefined;
  let rows = 0;
  let copied = 0;

  function conclude(): void {
    if (!running) return;
    const rate = ratePerSecond(rows, performance.now() - running.startedAt);
    const held =
      running.name === 'copying' ? ` (${(rows - copied).toLocaleString('en')} were there already)` : '';
    progress.say(`${running.name === 'copying' ? 'Copied' : 'Verified'} ${rate}${held}.`);
    running = undefined;
  }

  return {
    stage(name, of) {
      conclude();
      running = { name, of, startedAt: performance.now() };
      rows = 0;
      copied = 0;
      progress.say(`${name === 'copying' ? 'Copying' : 'Verifying'} ${of.toLocaleString('en')} rows.`);
    },
    chunk(count, written) {
      interruption.check();
      rows += count;
      copied += written ?? 0;
      progress.update(rows, running && rows / Math.max(running.of, 1));
    },
    conclude,
  };
}

/** The interruption, if a signal has arrived. Other errors may only be its consequence. */
function interruptionIn(interruption: Interruption): Interrupted | undefined {
  try {
    interruption.check();
    return undefined;
  } catch (error) {
    if (error instanceof Interrupted) return error;
    throw error;
  }
}

function conclusion({ outcome, digests }: MoveResult, file: string, url: string): string[] {
  const place = withoutPassword(url);
  if (outcome === 'ahead') {
    return [
      `Copied ahead to ${place}, which is not complete and cannot be served yet.`,
      'Now stop the service, and run the same command without --ahead: it copies what has changed and verifies all.',
    ];
  }
  const switchOver = [
    'Switch over: start the service with this, with the password put in, and on as many machines as you like:',
    `  DATABASE_URL=${place}`,
    `Do not serve ${file} any more. Keep it until you are sure; then delete it and the files next to it,`,
    'because they hold personal data.',
  ];
  if (outcome === 'was moved before') return [`Everything was moved to ${place} before.`, ...switchOver];
  const width = Math.max(...digests.map(({ table }) => table.length));
  const lines = digests.map(
    ({ table, rows, sha256 }) =>
      `  ${table.padEnd(width)}  ${rows.toLocaleString('en').padStart(11)} rows  ${sha256}`,
  );
  return [
    `Moved everything to ${place}. Count and SHA-256 are the same on both sides:`,
    ...lines,
    ...switchOver,
  ];
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  parsed.password = '';
  // libpq also accepts the password as a parameter.
  parsed.searchParams.delete('password');
  return parsed.href;
}
