import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseConfig } from '../../config/parsers.ts';
import { readExtent } from '../changes/log.ts';
import type { Engine } from '../engine/engine.ts';
import { StorageProblem } from '../errors.ts';
import { describeTrouble, migrate } from '../open.ts';
import { openPostgres, tryAdvisoryLock } from '../postgres/driver.ts';
import {
  type ColumnNames,
  countRows,
  digestPart,
  lineOf,
  type MovedPart,
  movedParts,
  type Piece,
  pieces,
  readColumns,
  readRange,
  type TableDigest,
} from './chunks.ts';
import { createPieceWriter, finish, identify, markUnfinished, readTargetState } from './target.ts';

/** Who looks on. What a method throws ends the move, which the same command takes up again. */
export interface MoveWatch {
  /** @param of all rows of this stage. */
  stage(name: 'copying' | 'verifying', of: number): void;
  /** @param copied those of them that the target did not hold already; undefined where none are copied. */
  piece(rows: number, copied: number | undefined): void;
}

export interface MoveOptions {
  /** Copy what there is, also while it changes, and leave the rest and the verification to a later run. */
  readonly ahead: boolean;
}

export interface MoveResult {
  readonly outcome: 'verified' | 'ahead' | 'was moved before';
  /** Of each table, the same on both sides; empty where nothing was verified. */
  readonly digests: readonly TableDigest[];
}

type PostgresConfig = Extract<DatabaseConfig, { engine: 'postgres' }>;

/**
 * Copies everything from a SQLite file into an empty PostgreSQL database. Each piece of the source is held against
 * the same keys of the target, and written where they differ, so that a move that was cut off goes on, and takes
 * along what has changed meanwhile. Without `ahead` the caller keeps everybody else from writing to the source.
 * @throws StorageProblem in one line, with what to do.
 */
export async function moveDatabase(
  source: Engine,
  config: PostgresConfig,
  watch: MoveWatch,
  options: MoveOptions,
): Promise<MoveResult> {
  const target = openPostgres({ url: config.url, readerConnections: 3, timeoutMs: 0 });
  try {
    return await withTarget(target, () => move(source, target, config, watch, options));
  } catch (error) {
    throw describeTrouble(error, config, target, 'Check --to.');
  } finally {
    await target.close();
  }
}

async function move(
  source: Engine,
  target: Engine,
  config: PostgresConfig,
  watch: MoveWatch,
  { ahead }: MoveOptions,
): Promise<MoveResult> {
  const identity = await identify(source);
  const state = await readTargetState(target, identity);
  if (state === 'moved') {
    await checkNotBehind(source, target);
    return { outcome: 'was moved before', digests: [] };
  }
  if (state === 'empty') await markUnfinished(target, identity);
  await migrate(config);
  const columns = await commonColumns(source, target);
  const counts = await Promise.all(movedParts.map((part) => countRows(source, part.tables[0].name)));
  const total = counts.reduce((sum, count) => sum + count, 0);
  watch.stage('copying', total);
  for (const part of movedParts) await copyPart({ source, target, columns, part, watch });
  if (ahead) return { outcome: 'ahead', digests: [] };
  watch.stage('verifying', total);
  const digests: TableDigest[] = [];
  for (const part of movedParts)
    digests.push(...(await verifyPart({ source, target, columns, part, watch })));
  await finish(target);
  return { outcome: 'verified', digests };
}

interface PartMove {
  readonly source: Engine;
  readonly target: Engine;
  readonly columns: ColumnNames;
  readonly part: MovedPart;
  readonly watch: MoveWatch;
}

async function copyPart({ source, target, columns, part, watch }: PartMove): Promise<void> {
  const writer = await createPieceWriter(target, columns, part);
  let last: string | undefined;
  for await (const piece of pieces(source, columns, part)) {
    const differs = !isSame(piece.rows, await readRange(target, columns, part, piece));
    if (differs) await writer.replace(piece);
    last = piece.last;
    const count = piece.rows[0]?.length ?? 0;
    watch.piece(count, differs ? count : 0);
  }
  await writer.removeAfter(last);
}

function isSame(ours: Piece['rows'], theirs: Piece['rows']): boolean {
  return ours.every((rows, table) => {
    const others = theirs[table] ?? [];
    return (
      rows.length === others.length && rows.every((row, index) => lineOf(row) === lineOf(others[index] ?? {}))
    );
  });
}

/** By walks of their own through both, and counts of their own, which owe nothing to the copying. */
async function verifyPart({
  source,
  target,
  columns,
  part,
  watch,
}: PartMove): Promise<readonly TableDigest[]> {
  const [ours, theirs] = await Promise.all([
    digestPart(source, columns, part, (rows) => watch.piece(rows, undefined)),
    digestPart(target, columns, part, () => undefined),
  ]);
  for (const [index, { table, rows, sha256 }] of ours.entries()) {
    const other = theirs[index];
    const counts = await Promise.all([countRows(source, table), countRows(target, table)]);
    if (other?.sha256 === sha256 && other.rows === rows && counts.every((count) => count === rows)) continue;
    throw new StorageProblem(
      `the table ${table} is not the same on both sides: ${counts[0]} and ${counts[1]} rows, SHA-256 ${sha256} and ` +
        `${other?.sha256}. The target stays marked as incomplete. Something else writes to one of them: end it, and ` +
        'run the same command again.',
    );
  }
  return ours;
}

/** @throws StorageProblem where the two do not have the same columns, as between two releases. */
async function commonColumns(source: Engine, target: Engine): Promise<ColumnNames> {
  const [ours, theirs] = await Promise.all([readColumns(source), readColumns(target)]);
  const tables = movedParts.flatMap((part) => part.tables.map(({ name }) => name));
  const different = tables.filter((table) => String(ours.get(table)) !== String(theirs.get(table)));
  if (different.length === 0) return ours;
  throw new StorageProblem(
    `the tables ${different.join(', ')} have other columns in the target. Run: customers migrate, on both.`,
  );
}

/** @throws StorageProblem where the source was written to after the move. */
async function checkNotBehind(source: Engine, target: Engine): Promise<void> {
  const [ours, theirs] = await Promise.all([source.read(readExtent), target.read(readExtent)]);
  if (BigInt(theirs.head) >= BigInt(ours.head)) return;
  throw new StorageProblem(
    `the move was completed earlier, and the source was written to since (feed position ${ours.head}, the target ` +
      `${theirs.head}). Two databases of the same customers cannot be joined: serve one of them, or drop the target ` +
      'and move anew.',
  );
}

const lockTriesMax = 100;
const lockRetryMs = 200;

/** One move at a time. A server takes a moment to see that the process of a killed one is gone. */
async function withTarget<Result>(target: Engine, work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; tries <= lockTriesMax; tries += 1) {
    const done = await tryAdvisoryLock(target, work);
    if (done) return done.result;
    await pause(lockRetryMs);
  }
  throw new StorageProblem('another customers move is filling the target. Wait for it, or end it.');
}
