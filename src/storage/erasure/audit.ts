import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { emailKey, foldText } from '../../domain/normalization.ts';
import type { Engine } from '../engine/engine.ts';
import { scrubbedFingerprint } from './rows.ts';

/** How many places one statement looks at: no statement may hold a checkpoint up for long. */
const placesPerPiece = 500;
const bytesPerRead = 4 * 1024 * 1024;

/** Where was looked, how much there was, and how often something was found. */
export interface SearchedPlace {
  readonly place: string;
  readonly unit: 'rows' | 'bytes';
  readonly size: number;
  readonly traces: number;
}

/** Whether a row, by the names of its columns, has a trace of whom is looked for. */
type RowTest = (table: string, row: Readonly<Record<string, string | null>>) => boolean;

/**
 * Walks through every row of every table.
 * @param test holds each row against what is looked for.
 */
export async function* searchTables(engine: Engine, test: RowTest): AsyncGenerator<SearchedPlace> {
  const { tableColumns, placeRanges, cellsBetween } = engine.dialect;
  const run = <Row>(sql: string, values: readonly number[]) =>
    engine.read((session) => session.run<Row>(sql, values));
  const columns = await run<{ table: string; column: string }>(tableColumns, []);
  for (const table of new Set(columns.map((each) => each.table))) {
    const names = columns.filter((each) => each.table === table).map(({ column }) => column);
    const ranges = await run<Record<'from' | 'to', number | string>>(placeRanges(table, placesPerPiece), []);
    let size = 0;
    let traces = 0;
    for (const { from, to } of ranges) {
      const rows = await run<{ cells: string }>(cellsBetween(table, names), [Number(from), Number(to)]);
      for (const { cells } of rows) {
        const values = JSON.parse(cells) as readonly (string | null)[];
        const row = Object.fromEntries(names.map((name, index) => [name, values[index] ?? null]));
        if (test(table, row)) traces += 1;
      }
      size += rows.length;
    }
    yield { place: `table ${table}`, unit: 'rows', size, traces };
  }
}

/** Searches every byte of the files of an embedded database. Upper and lower case of ASCII are the same. */
export async function* searchFiles(file: string, texts: readonly string[]): AsyncGenerator<SearchedPlace> {
  const needles = [...new Set(texts.map(comparableBytes))];
  const longest = Math.max(...needles.map(({ length }) => length));
  for (const path of [file, `${file}-wal`, `${file}-shm`].filter((each) => existsSync(each))) {
    const handle = await open(path);
    let size = 0;
    let traces = 0;
    let tail = '';
    for await (const chunk of handle.createReadStream({ highWaterMark: bytesPerRead })) {
      const bytes = chunk as Buffer;
      const text = tail + comparableLatin1(bytes);
      for (const needle of needles) traces += occurrences(text, needle, tail.length);
      size += bytes.length;
      tail = text.slice(-(longest - 1));
    }
    yield { place: `file ${path}`, unit: 'bytes', size, traces };
  }
}

/** Whether a row holds the address, whatever its case, accents and form, also as the end of a longer one. */
export function holdsEmail(email: string): RowTest {
  const folds = [emailKey, foldText];
  const forms = folds.flatMap((fold) => emailForms(email).map((form) => [fold, fold(form)] as const));
  return (_table, row) =>
    Object.values(row).some(
      (text) => text !== null && forms.some(([fold, form]) => fold(text).includes(form)),
    );
}

/** The address in every form in which a row or an index may hold it. */
export function emailForms(email: string): string[] {
  const forms = [email, email.normalize('NFC'), email.normalize('NFD'), emailKey(email), foldText(email)];
  return [...new Set(forms.flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]))];
}

/** Whether a row names the customer and is not one of those that stay, empty, when it is erased. */
export function pointsToPersonalData(id: string): RowTest {
  return (table, row) => {
    if (!Object.values(row).some((text) => text?.toLowerCase().includes(id))) return false;
    const own = row.customer_id === id;
    if (own && table === 'erasures') return false;
    if (own && table === 'changes') return row.changes !== null || row.image !== null;
    return !(own && table === 'idempotency_keys' && row.fingerprint === scrubbedFingerprint);
  };
}

/** Whether the customer was erased. */
export async function isErased(engine: Engine, id: string): Promise<boolean> {
  const sql = 'SELECT 1 AS one FROM erasures WHERE customer_id = ?';
  return (await engine.read((session) => session.run(sql, [id]))).length > 0;
}

function comparableBytes(text: string): string {
  return comparableLatin1(Buffer.from(text));
}

/** One character a byte, so that a text can be looked for among bytes that are none. */
function comparableLatin1(bytes: Buffer): string {
  return bytes.toString('latin1').toLowerCase();
}

/** How often the needle ends behind what was searched before. */
function occurrences(text: string, needle: string, searched: number): number {
  let count = 0;
  const from = Math.max(0, searched - needle.length + 1);
  for (let at = text.indexOf(needle, from); at !== -1; at = text.indexOf(needle, at + 1)) count += 1;
  return count;
}
