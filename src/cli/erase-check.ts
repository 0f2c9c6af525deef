import type { Config } from '../config/config.ts';
import type { Database } from '../storage/engine/backend.ts';
import {
  type AuditResult,
  emailForms,
  holdsEmail,
  holdsPersonalDataOf,
  isErased,
  searchFiles,
  searchTables,
} from '../storage/erasure/audit.ts';
import { StorageError } from '../storage/errors.ts';
import { openToRead } from '../storage/open.ts';

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const emailPattern = /^[^\s@]+@[^\s@]+$/;

/** Searches the database for remaining data of a customer, and prints what it searched. The exit code is 1 if it found some. */
export async function eraseCheck(config: Config, wanted: string): Promise<void> {
  const isId = idPattern.test(wanted.toLowerCase());
  if (!isId && !emailPattern.test(wanted)) {
    throw new StorageError(`${JSON.stringify(wanted)} is neither a customer's id nor an email address.`);
  }
  const id = wanted.toLowerCase();
  const traces = await (isId ? checkId(config, id) : checkEmail(config, wanted));
  print(traces === 0 ? 'No trace was found.' : `${count(traces)} traces were found.`);
  process.exitCode = traces === 0 ? 0 : 1;
}

async function checkEmail(config: Config, email: string): Promise<number> {
  print(`Looking for ${email}, ignoring case and accents, also as the end of a longer address:`);
  const inTables = await inDatabase(config, (engine) => tally(searchTables(engine, holdsEmail(email))));
  // Only after SQLite has closed its files: closing a file drops all POSIX locks that this process holds on it.
  const { database } = config;
  if (database.engine === 'sqlite')
    return inTables + (await tally(searchFiles(database.file, emailForms(email))));
  print(
    '  Not looked at: dead rows, the write-ahead log and backups of PostgreSQL; VACUUM and time remove them.',
  );
  return inTables;
}

function checkId(config: Config, id: string): Promise<number> {
  return inDatabase(config, async (engine) => {
    print(`Looking for rows that name customer ${id} and are not empty of its data:`);
    const traces = await tally(searchTables(engine, holdsPersonalDataOf(id)));
    print(
      (await isErased(engine, id))
        ? 'The customer was erased. What it held is not known any more, so this cannot search bytes for it:'
        : 'No customer was erased under this id. What one held is not known, so this cannot search bytes for it:',
    );
    print('run erase-check with its email address to do that.');
    return traces;
  });
}

async function inDatabase<Result>(
  config: Config,
  work: (engine: Database['engine']) => Promise<Result>,
): Promise<Result> {
  const database = await openToRead(config.database, 0);
  return work(database.engine).finally(() => database.close());
}

async function tally(places: AsyncIterable<AuditResult>): Promise<number> {
  let total = 0;
  for await (const { location: place, unit, size, matches: traces } of places) {
    print(`  ${place}: ${count(size)} ${unit}, ${count(traces)} traces`);
    total += traces;
  }
  return total;
}

function count(number: number): string {
  return number.toLocaleString('en');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
