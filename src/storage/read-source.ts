import type { Dialect } from './dialect.ts';
import type { ReadOptions, Work } from './engine.ts';

/** Where reads go that need not see the newest state; an engine by itself always answers that. */
export interface ReadSource {
  readonly dialect: Dialect;
  /**
   * Runs work on a reading connection, and again on another one if the first does not do: it may only read.
   */
  read<Result>(work: Work<Result>, options?: ReadOptions): Promise<Result>;
}

/** What satisfies all of these; undefined, the newest state, where one of them asks for that. */
export function greatestPosition(positions: readonly (string | undefined)[]): string | undefined {
  let greatest = positions[0];
  for (const position of positions) {
    if (greatest === undefined || position === undefined) return undefined;
    if (BigInt(position) > BigInt(greatest)) greatest = position;
  }
  return greatest;
}
