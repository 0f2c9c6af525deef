import { setTimeout as pause } from 'node:timers/promises';
import { readFeedBounds } from '../changes/change-log.ts';
import type { Engine } from '../engine/engine.ts';
import { StorageError } from '../errors.ts';
import { migrate } from '../open.ts';
import { type PostgresConfig, postgresBackend, tryMoveLock } from '../postgres/backend.ts';
import { createChunkWriter, finishBulkLoad } from '../postgres/chunk-writer.ts';
import { openPostgres } from '../postgres/driver.ts';
import {
  type Chunk,
  type ColumnNames,
  countRows,
  digestGroup,
  readChunks,
  readColumns,
  readRange,
  rowText,
  type TableDigest,
} from './chunks.ts';
import { type TableGroup, tableGroups } from './tables.ts';
import { clearUnfinished, identify, markUnfinished, readTargetState } from './target.ts';

/** Observes a move. An error that a method throws stops the move, which can be resumed later. */
export interface MoveObserver {
  /** @param rows that the stage will process. */
  stage(name: 'copying' | 'verifying', rows: number): void;
  /** @param copied how many of the rows were written to the target; undefined while verifying. */
  chunk(rows: number, copied: number | undefined): void;
}

export interface MoveOptions {
  /** Copies while a service still writes, and leaves the remaining changes and the verification to a later run. */
  readonly ahead: boolean;
}

export interface MoveResult {
  readonly outcome: 'verified' | 'ahead' | 'was moved before';
  /** The verified tables; empty if nothing was verified. */
  readonly digests: readonly TableDigest[];
}

/**
 * Copies everything from a SQLite file to an empty PostgreSQL database (ADR 0021). Compares each chunk of the source
 * with the same key range of the target and writes only those that differ, so an interrupted move can be resumed, and a
 * copy brought up to date. Without `ahead` the caller must keep others from writing to the source.
 * @throws StorageError with what to do about it.
 */
export async function moveDatabase(
  source: Engine,
  config: PostgresConfig,
  observer: MoveObserver,
  options: MoveOptions,
): Promise<MoveResult> {
  const target = openPostgres({ url: config.url, readerConnections: 3, timeoutMs: 0 });
  try {
    return await withMoveLock(target, () => move(source, target, config, observer, options));
  } catch (error) {
    throw postgresBackend(config).toStorageError(error, 'Check --to.');
  } finally {
    await target.close();
  }
}

async function move(
  source: Engine,
  target: Engine,
  config: PostgresConfig,
  observer: MoveObserver,
  { ahead }: MoveOptions,
): Promise<MoveResult> {
  const identity = await identify(source);
  const state = await readTargetState(target, identity);
  if (state === 'moved') {
    await assertNotBehind(source, target);
    return { outcome: 'was moved before', digests: [] };
  }
  if (state === 'empty') await markUnfinished(target, identity);
  await migrate({ engine: 'postgres', ...config });
  const columns = await commonColumns(source, target);
  const counts = await Promise.all(tableGroups.map((group) => countRows(source, group.tables[0].name)));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const context = { source, target, columns, observer };
  observer.stage('copying', total);
  for (const group of tableGroups) await copyGroup(context, group);
  if (ahead) return { outcome: 'ahead', digests: [] };
  observer.stage('verifying', total);
  const digests: TableDigest[] = [];
  for (const group of tableGroups) digests.push(...(await verifyGroup(context, group)));
  await finishBulkLoad(target, clearUnfinished);
  return { outcome: 'verified', digests };
}

interface MoveContext {
  readonly source: Engine;
  readonly target: Engine;
  readonly columns: ColumnNames;
  readonly observer: MoveObserver;
}

async function copyGroup({ source, target, columns, observer }: MoveContext, group: TableGroup) {
  const writer = await createChunkWriter(target, columns, group);
  let last: string | undefined;
  for await (const chunk of readChunks(source, columns, group)) {
    const differs = !areEqual(chunk.rows, await readRange(target, columns, group, chunk));
    if (differs) await writer.replace(chunk);
    last = chunk.last;
    const count = chunk.rows[0]?.length ?? 0;
    observer.chunk(count, differs ? count : 0);
  }
  await writer.removeAfter(last);
}

function areEqual(ours: Chunk['rows'], theirs: Chunk['rows']): boolean {
  return ours.every((rows, table) => {
    const others = theirs[table] ?? [];
    return (
      rows.length === others.length &&
      rows.every((row, index) => rowText(row) === rowText(others[index] ?? {}))
    );
  });
}

/** Compares digests and row counts, both read again, independently of the copying. */
async function verifyGroup(
  { source, target, columns, observer }: MoveContext,
  group: TableGroup,
): Promise<readonly TableDigest[]> {
  const [ours, theirs] = await Promise.all([
    digestGroup(source, columns, group, (rows) => observer.chunk(rows, undefined)),
    digestGroup(target, columns, group, () => undefined),
  ]);
  for (const [index, { table, rows, sha256 }] of ours.entries()) {
    const other = theirs[index];
    const counts = await Promise.all([countRows(source, table), countRows(target, table)]);
    if (other?.sha256 === sha256 && other.rows === rows && counts.every((count) => count === rows)) continue;
    throw new StorageError(
      `the table ${table} is not the same on both sides: ${counts[0]} and ${counts[1]} rows, SHA-256 ${sha256} and ` +
        `${other?.sha256}. The target stays marked as incomplete. Something else writes to one of them: end it, and ` +
        'run the same command again.',
    );
  }
  return ours;
}

/** @throws StorageError unless both databases have the same columns. */
async function commonColumns(source: Engine, target: Engine): Promise<ColumnNames> {
  const [ours, theirs] = await Promise.all([readColumns(source), readColumns(target)]);
  const tables = tableGroups.flatMap((group) => group.tables.map(({ name }) => name));
  const different = tables.filter((table) => String(ours.get(table)) !== String(theirs.get(table)));
  if (different.length === 0) return ours;
  throw new StorageError(
    `the tables ${different.join(', ')} have other columns in the target. Run: customers migrate, on both.`,
  );
}

/** @throws StorageError when the source has changes that the target lacks. */
async function assertNotBehind(source: Engine, target: Engine): Promise<void> {
  const [ours, theirs] = await Promise.all([source.read(readFeedBounds), target.read(readFeedBounds)]);
  if (BigInt(theirs.head) >= BigInt(ours.head)) return;
  throw new StorageError(
    `the move was completed earlier, and the source was written to since (feed position ${ours.head}, the target ` +
      `${theirs.head}). Two databases of the same customers cannot be joined: serve one of them, or drop the target ` +
      'and move again.',
  );
}

const lockTriesMax = 100;
const lockRetryMs = 200;

/** Runs a move while no other one fills the target. Retries, because a server notices late that a client was killed. */
async function withMoveLock<Result>(target: Engine, work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; tries <= lockTriesMax; tries += 1) {
    const done = await tryMoveLock(target, work);
    if (done) return done.result;
    await pause(lockRetryMs);
  }
  throw new StorageError('another customers move is filling the target. Wait for it, or end it.');
}
