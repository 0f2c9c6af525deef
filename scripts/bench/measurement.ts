/** A row of the report: what was promised, and what was measured. */

export interface Measurement {
  /** Names the row in the file of results, so that a later run replaces it. */
  readonly id: string;
  readonly what: string;
  readonly against: string;
  readonly target: string;
  /** The median over the rounds, and the least and the greatest of them. */
  readonly ratio: number;
  readonly spread: readonly [number, number];
  readonly reached: boolean;
  /** Both sides in their own units. */
  readonly ours: string;
  readonly theirs: string;
}

export interface Judged {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Judges by the median: one disturbed round on a shared machine decides nothing. */
export function measurement(
  row: Pick<Measurement, 'id' | 'what' | 'against' | 'ours' | 'theirs'>,
  ratios: readonly number[],
  { atLeast, atMost }: Judged,
): Measurement {
  const ratio = median(ratios);
  return {
    ...row,
    target: atLeast !== undefined ? `at least ${atLeast}x` : `at most ${atMost}x`,
    ratio,
    spread: [Math.min(...ratios), Math.max(...ratios)],
    reached: atLeast !== undefined ? ratio >= atLeast : ratio <= (atMost ?? 0),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** `ratio` of each pair in two lists of the same length. */
export function pairwise<T>(one: readonly T[], other: readonly T[], ratio: (one: T, other: T) => number) {
  return one.map((value, index) => ratio(value, other[index] as T));
}

export function inWords(row: Measurement): string {
  const [least, greatest] = row.spread;
  return (
    `${row.reached ? 'reached' : 'MISSED '}  ${row.ratio.toFixed(2)}x (${least.toFixed(2)}-${greatest.toFixed(2)}), ` +
    `${row.target}: ${row.what} against ${row.against}; ${row.ours} against ${row.theirs}`
  );
}
