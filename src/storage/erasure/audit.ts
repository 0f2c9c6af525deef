import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { emailKey, foldText } from '../../domain/normalization.ts';
import type { Engine } from '../engine/engine.ts';
import { scrubbedFingerprint } from './rows.ts';

/** Rows (SQLite) or blocks (PostgreSQL) per statement. A long read would delay checkpoints of SQLite's WAL. */
const rowsPerStatement = 500;
const bytesPerRead = 4 * 1024 * 1024;

/** How much of a table or file was searched, and how many matches were found. */
export interface AuditResult {
  readonly location: string;
  readonly unit: 'rows' | 'bytes';
  readonly size: number;
  readonly matches: number;
}

/** Tests a row, given its columns as text by name. */
type RowTest = (table: string, row: Readonly<Record<string, string | null>>) => boolean;

/** Tests every row of every table. */
export async function* searchTables(engine: Engine, test: RowTest): AsyncGenerator<AuditResult> {
  const { listColumns } = engine.dialect;
  const columns = await engine.read((session) =>
    session.run<{ table: string; column: string }>(listColumns, []),
  );
  for (const table of new Set(columns.map((each) => each.table))) {
    const names = columns.filter((each) => each.table === table).map(({ column }) => column);
    let size = 0;
    let matches = 0;
    for await (const rows of rowsOf(engine, table, names)) {
      size += rows.length;
      matches += rows.filter((row) => test(table, row)).length;
    }
    yield { location: `table ${table}`, unit: 'rows', size, matches };
  }
}

async function* rowsOf(engine: Engine, table: string, columns: readonly string[]) {
  const { scanRanges, scanRows } = engine.dialect;
  const listRanges = scanRanges(table, rowsPerStatement);
  const selectRows = scanRows(table, columns);
  const ranges = await engine.read((session) =>
    session.run<Record<'from' | 'to', number | string>>(listRanges, []),
  );
  for (const { from, to } of ranges) {
    const rows = await engine.read((session) =>
      session.run<{ cells: string }>(selectRows, [Number(from), Number(to)]),
    );
    yield rows.map(({ cells }): Record<string, string | null> => {
      const values = JSON.parse(cells) as readonly (string | null)[];
      return Object.fromEntries(columns.map((name, index) => [name, values[index] ?? null]));
    });
  }
}

/** Searches every byte of a SQLite database's files for the texts, ignoring the case of ASCII letters. */
export async function* searchFiles(file: string, texts: readonly string[]): AsyncGenerator<AuditResult> {
  const needles = [...new Set(texts.map((text) => comparable(Buffer.from(text))))];
  const longest = Math.max(...needles.map(({ length }) => length));
  for (const path of [file, `${file}-wal`, `${file}-shm`].filter((each) => existsSync(each))) {
    const handle = await open(path);
    let size = 0;
    let matches = 0;
    let tail = '';
    for await (const chunk of handle.createReadStream({ highWaterMark: bytesPerRead })) {
      const bytes = chunk as Buffer;
      const text = tail + comparable(bytes);
      for (const needle of needles) matches += countMatches(text, needle, tail.length);
      size += bytes.length;
      tail = text.slice(-(longest - 1));
    }
    yield { location: `file ${path}`, unit: 'bytes', size, matches };
  }
}

/** Returns a test for rows that contain the address, alone or inside longer text. Ignores case, accents and Unicode form. */
export function holdsEmail(email: string): RowTest {
  const folds = [emailKey, foldText];
  const forms = folds.flatMap((fold) => emailForms(email).map((form) => [fold, fold(form)] as const));
  return (_table, row) =>
    Object.values(row).some(
      (text) => text !== null && forms.some(([fold, form]) => fold(text).includes(form)),
    );
}

/** Returns the forms of an address that a row or an index may hold. */
export function emailForms(email: string): string[] {
  const forms = [email, email.normalize('NFC'), email.normalize('NFD'), emailKey(email), foldText(email)];
  return [...new Set(forms.flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]))];
}

/** Tests whether a row names the customer, except for the rows that an erasure keeps without personal data. */
export function holdsPersonalDataOf(id: string): RowTest {
  return (table, row) => {
    if (!Object.values(row).some((text) => text?.toLowerCase().includes(id))) return false;
    const isOwn = row.customer_id === id;
    if (isOwn && table === 'erasures') return false;
    if (isOwn && table === 'changes') return row.changes !== null || row.image !== null;
    return !(isOwn && table === 'idempotency_keys' && row.fingerprint === scrubbedFingerprint);
  };
}

/** Whether the customer was erased. */
export async function isErased(engine: Engine, id: string): Promise<boolean> {
  const statement = 'SELECT 1 AS one FROM erasures WHERE customer_id = ?';
  return (await engine.read((session) => session.run(statement, [id]))).length > 0;
}

/** Maps each byte to one character, so that arbitrary bytes can be searched as text. */
function comparable(bytes: Buffer): string {
  return bytes.toString('latin1').toLowerCase();
}

/** Counts the matches that end after the first `searched` characters. */
function countMatches(text: string, needle: string, searched: number): number {
  let count = 0;
  const from = Math.max(0, searched - needle.length + 1);
  for (let at = text.indexOf(needle, from); at !== -1; at = text.indexOf(needle, at + 1)) count += 1;
  return count;
}
