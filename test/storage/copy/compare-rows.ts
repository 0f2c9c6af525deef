import assert from 'node:assert/strict';
import { tableGroups } from '../../../src/storage/copy/tables.ts';
import type { Engine } from '../../../src/storage/engine/engine.ts';
import { select } from '../direct-engine.ts';

/** All rows of a table, read independently of the command's own code. */
async function rowsOf(engine: Engine, table: string): Promise<string[]> {
  const rows = await select<Record<string, unknown>>(engine, `SELECT * FROM ${table}`);
  const plain = (value: unknown) =>
    // The driver parses JSON columns; text is compared where it was selected as text.
    value === null ? 'NULL' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const columns = Object.keys(rows[0] ?? {}).sort();
  return rows
    .map((row) => columns.map((column) => `${column}=${plain(parsed(row[column]))}`).join('|'))
    .sort();
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Asserts that two databases have the same contents, and returns the number of rows. */
export async function assertSameRows(source: Engine, target: Engine): Promise<number> {
  let total = 0;
  for (const { name } of tableGroups.flatMap(({ tables }) => tables)) {
    const [ours, theirs] = [await rowsOf(source, name), await rowsOf(target, name)];
    assert.equal(theirs.length, ours.length, `rows of ${name}`);
    for (const [index, row] of ours.entries()) assert.equal(theirs[index], row, name);
    total += ours.length;
  }
  return total;
}
