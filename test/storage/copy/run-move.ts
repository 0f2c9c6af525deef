import { loadConfig } from '../../../src/config/config.ts';
import { type MoveResult, moveDatabase } from '../../../src/storage/copy/copy.ts';
import { openToRead } from '../../../src/storage/open.ts';

/** Runs `customers move` in this process. `found` counts the rows the target already had. */
export async function runMove(
  sourceUrl: string,
  targetUrl: string,
  { ahead = false } = {},
): Promise<MoveResult & { readonly found: number }> {
  const target = loadConfig({ DATABASE_URL: targetUrl }).database;
  if (target.engine !== 'postgres') throw new Error('The target must be PostgreSQL.');
  const source = await openToRead(loadConfig({ DATABASE_URL: sourceUrl }).database, 0);
  let found = 0;
  const observer = {
    stage() {},
    chunk(rows: number, copied: number | undefined) {
      if (copied !== undefined) found += rows - copied;
    },
  };
  try {
    return { ...(await moveDatabase(source.engine, target, observer, { ahead })), found };
  } finally {
    await source.close();
  }
}
